#pragma once
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
    if (!done) co_return std::unexpected(Error{Fault::busy, "the storage does not answer in time"});
    co_return *std::move(done);
  }

  /// As Store::download_path(), which does not block.
  std::string download_path(std::string_view key) const { return store_.download_path(key); }

 private:
  Store& store_;
  CpuPool& threads_;
};

}  // namespace ms::storage
