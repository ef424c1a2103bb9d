#pragma once
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "infra/io/async.hpp"

namespace ms::io {

/// Says to asio that the caller is an async<> coroutine; errors are thrown.
using UseAwaitable = asio::use_awaitable_t<asio::io_context::executor_type>;
inline constexpr UseAwaitable kUseAwaitable{};
/// The same; errors are the first of the values that co_await gives.
inline constexpr auto kAsTuple = asio::as_tuple(kUseAwaitable);

/// A timer on the executor of async<>.
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                         asio::io_context::executor_type>;

}  // namespace ms::io
