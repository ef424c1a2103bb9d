#pragma once
#include <chrono>

#include "infra/io/async.hpp"
#include "infra/io/call.hpp"

namespace ms {

/// Suspends the coroutine, not the thread. Returns early when the owner of the io_context cancels it.
async<void> sleep_for(std::chrono::steady_clock::duration duration);
async<void> sleep_until(Deadline deadline);

}  // namespace ms
