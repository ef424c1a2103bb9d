#include "infra/redis/circuit_breaker.hpp"

namespace ms::redis {

bool CircuitBreaker::failed(Deadline now) noexcept {
  if (state_ != State::closed) return false;
  if (++failures_ < break_after_) return false;
  return lost(now);
}

bool CircuitBreaker::lost(Deadline now) noexcept {
  if (state_ != State::closed) return false;
  state_ = State::open;
  since_ = now;
  return true;
}

void CircuitBreaker::probe_began(Deadline now) noexcept {
  state_ = State::half_open;
  probe_at_ = now + probe_every_;
}

void CircuitBreaker::probe_succeeded(Deadline now) noexcept {
  state_ = State::closed;
  failures_ = 0;
  since_ = now;
}

void CircuitBreaker::probe_failed() noexcept { state_ = State::open; }

}  // namespace ms::redis
