#pragma once
#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "infra/io/async.hpp"
#include "infra/io/async_event.hpp"
#include "infra/io/call.hpp"

namespace ms::cache {

/// One load of each key at a time: the first caller loads, the others wait for its value. One thread.
template <class Key, class Value, class Hash = std::hash<Key>, class Equal = std::equal_to<>>
class SingleFlight {
 public:
  SingleFlight() = default;
  /// Loads that end later store nothing: the cache that they would write to is destroyed as well.
  ~SingleFlight() { flights_->clear(); }
  SingleFlight(const SingleFlight&) = delete;
  SingleFlight& operator=(const SingleFlight&) = delete;

  /// The result of `load`, or of a load of the same key that another caller has begun. `store(value)` runs once for
  /// each value whose key was not invalidated during the load. When a load fails, or its coroutine is destroyed, only
  /// its own caller is affected, and the caller that has waited longest loads next. A caller that waits until its
  /// deadline runs its own `load`, which then reports that no time is left. `load` is a function that calls a named
  /// coroutine, never a lambda that is itself a capturing coroutine.
  template <class Load, class Store>
  async<Value> run(Deadline deadline, Key key, Load load, Store store);

  /// Later callers do not join a load in progress. The callers that wait for it get its value, which is not stored.
  template <class K>
  void invalidate(const K& key) {
    if (const auto found = flights_->find(key); found != flights_->end()) flights_->erase(found);
  }
  template <class Matches>
  void invalidate_if(const Matches& matches) {
    std::erase_if(*flights_, [&](const auto& entry) { return matches(entry.first); });
  }
  void invalidate_all() { flights_->clear(); }

  /// Callers that wait for another caller's load. Each costs only its coroutine.
  std::size_t waiting() const noexcept { return *waiting_; }

 private:
  struct Flight {
    bool loading = false;
    std::optional<Value> value;
    std::size_t waiting = 0;
    std::shared_ptr<io::AsyncEvent> changed = std::make_shared<io::AsyncEvent>();
  };
  using FlightPtr = std::shared_ptr<Flight>;
  using Flights = std::unordered_map<Key, FlightPtr, Hash, Equal>;

  static void erase_if_current(Flights& flights, const Key& key, const FlightPtr& flight) {
    const auto found = flights.find(key);
    if (found != flights.end() && found->second == flight) flights.erase(found);
  }

  /// The loading coroutine holds one, so that the waiters are notified however the load ends: by a value, an exception,
  /// or the destruction of the coroutine, when the SingleFlight may already be destroyed.
  class LoadGuard {
   public:
    LoadGuard(std::shared_ptr<Flights> flights, const Key& key, FlightPtr flight)
        : flights_(std::move(flights)), key_(key), flight_(std::move(flight)) {
      flight_->loading = true;
    }
    ~LoadGuard() {
      flight_->loading = false;
      // A failed flight stays while a caller waits, which then continues it.
      if (flight_->value || flight_->waiting == 0) erase_if_current(*flights_, key_, flight_);
      flight_->value ? flight_->changed->notify_all() : flight_->changed->notify_one();
    }
    LoadGuard(const LoadGuard&) = delete;
    LoadGuard& operator=(const LoadGuard&) = delete;

    /// Whether the key was not invalidated since the flight began.
    bool is_current() const {
      const auto found = flights_->find(key_);
      return found != flights_->end() && found->second == flight_;
    }

   private:
    std::shared_ptr<Flights> flights_;
    const Key& key_;
    FlightPtr flight_;
  };

  /// A waiting coroutine holds one. When it is destroyed although it was its turn to load, the next waiter loads.
  class WaitGuard {
   public:
    WaitGuard(std::shared_ptr<Flights> flights, const Key& key, FlightPtr flight, std::shared_ptr<std::size_t> all)
        : flights_(std::move(flights)), key_(key), flight_(std::move(flight)), all_(std::move(all)) {
      ++flight_->waiting;
      ++*all_;
    }
    ~WaitGuard() {
      --flight_->waiting;
      --*all_;
      if (finished_ || flight_->loading || flight_->value) return;
      flight_->changed->notify_one();
      if (flight_->waiting == 0) erase_if_current(*flights_, key_, flight_);  // nobody is left to continue it
    }
    WaitGuard(const WaitGuard&) = delete;
    WaitGuard& operator=(const WaitGuard&) = delete;

    /// The wait is over, and the coroutine continues.
    void finish() noexcept { finished_ = true; }

   private:
    std::shared_ptr<Flights> flights_;
    const Key& key_;
    FlightPtr flight_;
    std::shared_ptr<std::size_t> all_;
    bool finished_ = false;
  };

  std::shared_ptr<Flights> flights_ = std::make_shared<Flights>();
  std::shared_ptr<std::size_t> waiting_ = std::make_shared<std::size_t>(0);
};

template <class Key, class Value, class Hash, class Equal>
template <class Load, class Store>
async<Value> SingleFlight<Key, Value, Hash, Equal>::run(Deadline deadline, Key key, Load load, Store store) {
  FlightPtr& place = (*flights_)[key];
  const bool joins = place != nullptr;
  if (!joins) place = std::make_shared<Flight>();
  const FlightPtr flight = place;

  if (joins) {
    WaitGuard wait(flights_, key, flight, waiting_);
    bool in_time = true;
    while (in_time && flight->loading && !flight->value) {
      in_time = co_await io::AsyncEvent::wait(flight->changed, deadline);
    }
    wait.finish();
  }
  if (flight->value) co_return *flight->value;
  if (flight->loading) {
    Value own = co_await load();
    co_return own;
  }

  const LoadGuard loading(flights_, key, flight);
  Value value = co_await load();
  if (loading.is_current()) store(value);
  flight->value = value;
  co_return value;
}

}  // namespace ms::cache
