#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ms {

using Deadline = std::chrono::steady_clock::time_point;

/// Where the time of one request went; written by pg and redis, shown in Server-Timing.
struct Timing {
  std::chrono::nanoseconds pg{0};
  std::chrono::nanoseconds redis{0};
  int pg_trips = 0;
  int redis_trips = 0;
};

/// What makes a repetition of a write known (infra/idempotency).
struct IdempotencyKey {
  std::string key;                              ///< the same for every repetition of the request
  std::string fingerprint;                      ///< SHA-256 of what was asked
  std::optional<std::int64_t> previous_result;  ///< what the first time made, once it is known to be a repetition
};

/// Until when, and for which request; goes through every asynchronous call.
/// Belongs to the request's coroutine frame and outlives every call made under it.
class Call {
 public:
  Call(Deadline deadline, std::string_view request_id, Timing* timing = nullptr) noexcept
      : deadline_(deadline), request_id_(request_id), timing_(timing) {}

  /// When the call was made: of a request, before anything of it was known.
  Deadline started() const noexcept { return started_; }
  Deadline deadline() const noexcept { return deadline_; }
  /// The earlier of the call's deadline and `at_most` from now.
  Deadline within(std::chrono::milliseconds at_most) const noexcept {
    return std::min(deadline_, std::chrono::steady_clock::now() + at_most);
  }
  std::string_view request_id() const noexcept { return request_id_; }
  /// Null where nobody asks.
  Timing* timing() const noexcept { return timing_; }
  /// Null for reads.
  const IdempotencyKey* idempotency_key() const noexcept { return idempotency_key_; }
  /// The same call for a write; `once` outlives it.
  void set_idempotency_key(const IdempotencyKey* idempotency_key) noexcept { idempotency_key_ = idempotency_key; }
  /// A statement of this call took away what guests could see (SQL function ms_purge).
  void note_purge() const noexcept {
    if (purge_flag_ != nullptr) *purge_flag_ = true;
  }
  /// Where note_purge() notes it; outlives the call.
  void set_purge_flag(bool* flag) noexcept { purge_flag_ = flag; }

 private:
  Deadline started_ = std::chrono::steady_clock::now();
  Deadline deadline_;
  std::string_view request_id_;
  Timing* timing_;
  const IdempotencyKey* idempotency_key_ = nullptr;
  bool* purge_flag_ = nullptr;
};

}  // namespace ms
