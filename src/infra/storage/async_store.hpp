#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "infra/io/cpu_pool.hpp"
#include "infra/storage/storage.hpp"

namespace ms::storage {

/// A store for event loops: its calls block, so they run on threads of their own. All threads of a program may share
/// it.
class AsyncStore {
 public:
  AsyncStore(Store& store, CpuPool& threads) : store_(store), threads_(threads) {}

  /// Runs `use(store)`, which returns a Result, and returns that; Fault::busy when no thread was free in time. A call
  /// that runs at the deadline goes on without its caller: `use` must own whatever it uses, and be copyable.
  template <class Use>
  async<std::invoke_result_t<Use&, Store&>> run(Deadline deadline, Use use) {
    using Outcome = std::invoke_result_t<Use&, Store&>;
    std::function<Outcome()> job = [&store = store_, use = std::move(use)]() mutable { return use(store); };
    auto done = co_await threads_.run(std::move(job), deadline);
    Outcome outcome =
        done ? *std::move(done) : std::unexpected(Error{Fault::busy, "the storage does not answer in time"});
    if (!outcome) count(outcome.error().fault);
    co_return outcome;
  }

  /// As Store::download_path(), which does not block.
  std::string download_path(std::string_view key) const { return store_.download_path(key); }

  /// Calls that failed so far, found the disk full, or found no free thread. Any thread may call it.
  struct Failures {
    std::uint64_t failed = 0;
    std::uint64_t no_room = 0;
    std::uint64_t busy = 0;
  };
  Failures failures() const noexcept { return {failed_, no_room_, busy_}; }

 private:
  void count(Fault fault) noexcept {
    if (fault == Fault::failed) ++failed_;
    if (fault == Fault::no_room) ++no_room_;
    if (fault == Fault::busy) ++busy_;
  }

  Store& store_;
  CpuPool& threads_;
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> no_room_{0};
  std::atomic<std::uint64_t> busy_{0};
};

}  // namespace ms::storage
