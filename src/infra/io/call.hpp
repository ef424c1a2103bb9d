#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ms {

using Deadline = std::chrono::steady_clock::time_point;

/// Where one request spent its time; pg and redis record it, Server-Timing shows it.
struct Timing {
  std::chrono::nanoseconds pg{0};
  std::chrono::nanoseconds redis{0};
  int pg_trips = 0;
  int redis_trips = 0;
};

/// Identifies repetitions of a write (infra/idempotency).
struct IdempotencyKey {
  std::string key;          ///< the same for every repetition of the request
  std::string fingerprint;  ///< SHA-256 of the request
  std::optional<std::int64_t>
      previous_result;  ///< what the first request created, once this one is known to be a repetition
};

/// The deadline and the request of an asynchronous call; passed down through all of them. It belongs to the request's
/// coroutine frame and outlives every call made under it.
class Call {
 public:
  Call(Deadline deadline, std::string_view request_id, Timing* timing = nullptr) noexcept
      : deadline_(deadline), request_id_(request_id), timing_(timing) {}

  /// When the call was created: for a request, before it was parsed.
  Deadline started() const noexcept { return started_; }
  Deadline deadline() const noexcept { return deadline_; }
  /// The earlier of the call's deadline and `limit` from now.
  Deadline within(std::chrono::milliseconds limit) const noexcept {
    return std::min(deadline_, std::chrono::steady_clock::now() + limit);
  }
  /// Begins the deadline anew: after waiting for a client, which may take any time.
  void renew(std::chrono::milliseconds limit) noexcept { deadline_ = std::chrono::steady_clock::now() + limit; }
  std::string_view request_id() const noexcept { return request_id_; }
  /// Null when nobody measures.
  Timing* timing() const noexcept { return timing_; }
  /// Null for reads.
  const IdempotencyKey* idempotency_key() const noexcept { return idempotency_key_; }
  /// Makes this the call of a write; the key outlives it.
  void set_idempotency_key(const IdempotencyKey* idempotency_key) noexcept { idempotency_key_ = idempotency_key; }
  /// Records that a statement of this call removed something guests could see (SQL function ms_purge).
  void note_purge() const noexcept {
    if (purge_flag_ != nullptr) *purge_flag_ = true;
  }
  /// The variable that note_purge() sets; outlives the call.
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
