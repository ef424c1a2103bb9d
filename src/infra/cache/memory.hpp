// What one page shows many pages show: a crowd reads the same list within the same second. So what was read for one
// request serves those that come right after it. Two things bound how old it may be: forget(), which is called as soon
// as a hint says that something changed anywhere, with what that concerns, and the time that anything is kept, for the
// hint that got lost.
#pragma once
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "infra/core/text.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/redis/bell.hpp"

namespace ms::cache {

/// Values of one kind in this thread's memory, by key; one filler for each key, for whom the others wait. One thread.
template <class T>
class Memory {
 public:
  /// Gives the fresh value, as a rule from PostgreSQL. Give a function that calls a named coroutine; never a lambda
  /// that is itself a capturing coroutine.
  using Fill = std::function<async<std::shared_ptr<const T>>()>;

  /// Nothing is kept for longer than `kept`, and nothing at all when that is 0; at most `limit` values.
  Memory(asio::io_context& io, std::chrono::milliseconds kept, std::size_t limit)
      : io_(io), kept_(kept), limit_(limit) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  /// The value that is kept, or what `fill` gives. `exact`: never what is kept, for who has just changed something. Who
  /// comes while another fills the same key waits for that value; when the filler fails, its caller has the exception
  /// and whoever waited asks its own `fill`.
  async<std::shared_ptr<const T>> get(Call call, bool bypass_cache, std::string key, Fill fill);

  /// Who waits now for what another reads: they cost nothing but their place.
  std::size_t waiting() const noexcept { return *waiting_; }

  /// What was read until now, or is being read, is shown to nobody who comes later.
  void forget() {
    ++turn_;
    kept_values_.clear();
    fillings_.clear();
  }
  /// The same of the entries for which `concerns` says so: it is called with the key and the value, null when a null
  /// was kept. What is being read is given only to those who wait for it, whatever it is.
  template <std::predicate<std::string_view, const T*> Concerns>
  void forget(const Concerns& concerns) {
    ++turn_;
    fillings_.clear();
    std::erase_if(kept_values_,
                  [&](const auto& entry) { return concerns(std::string_view(entry.first), entry.second.value.get()); });
  }

 private:
  struct Kept {
    std::shared_ptr<const T> value;
    std::chrono::steady_clock::time_point until;
  };
  struct Filling {
    explicit Filling(asio::io_context& io) : done(std::make_shared<redis::Bell>(io)) {}
    std::shared_ptr<redis::Bell> done;
    std::shared_ptr<const T> value;  ///< null as long as it is not there, or when it failed
  };
  /// Counts one who waits for as long as its coroutine does; the memory may be gone by then.
  class Waiter {
   public:
    explicit Waiter(std::shared_ptr<std::size_t> count) : count_(std::move(count)) { ++*count_; }
    ~Waiter() { --*count_; }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

   private:
    std::shared_ptr<std::size_t> count_;
  };
  template <class V>
  using Map = std::unordered_map<std::string, V, TextHash, std::equal_to<>>;

  void keep(std::string key, std::shared_ptr<const T> value);

  asio::io_context& io_;
  const std::chrono::milliseconds kept_;
  const std::size_t limit_;
  Map<Kept> kept_values_;
  Map<std::shared_ptr<Filling>> fillings_;
  std::uint64_t turn_ = 0;  ///< counts forget()
  std::shared_ptr<std::size_t> waiting_ = std::make_shared<std::size_t>(0);
};

template <class T>
async<std::shared_ptr<const T>> Memory<T>::get(Call call, bool bypass_cache, std::string key, Fill fill) {
  if (bypass_cache || kept_ == kept_.zero()) {
    auto fresh = co_await fill();
    co_return fresh;
  }
  if (const auto found = kept_values_.find(key); found != kept_values_.end()) {
    if (std::chrono::steady_clock::now() < found->second.until) co_return found->second.value;
    kept_values_.erase(found);
  }
  if (const auto found = fillings_.find(key); found != fillings_.end()) {
    const auto filling = found->second;
    {
      const Waiter waiter(waiting_);
      co_await redis::Bell::wait(filling->done, call.deadline());
    }
    if (filling->value) co_return filling->value;
    auto own = co_await fill();
    co_return own;
  }
  const auto filling = std::make_shared<Filling>(io_);
  fillings_.insert_or_assign(key, filling);
  const auto turn = turn_;
  std::exception_ptr failure;
  try {
    filling->value = co_await fill();
  } catch (...) { failure = std::current_exception(); }
  if (turn == turn_) {
    fillings_.erase(key);
    if (!failure) keep(std::move(key), filling->value);
  }
  filling->done->ring_all();
  if (failure) std::rethrow_exception(failure);
  co_return filling->value;
}

template <class T>
void Memory<T>::keep(std::string key, std::shared_ptr<const T> value) {
  if (kept_values_.size() >= limit_) kept_values_.clear();
  kept_values_.insert_or_assign(std::move(key), Kept{std::move(value), std::chrono::steady_clock::now() + kept_});
}

}  // namespace ms::cache
