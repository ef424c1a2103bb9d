#include "infra/redis/breaker.hpp"

namespace ms::redis {

bool Breaker::failed(Deadline now) noexcept {
  if (state_ != State::closed) return false;
  if (++failures_ < break_after_) return false;
  return lost(now);
}

bool Breaker::lost(Deadline now) noexcept {
  if (state_ != State::closed) return false;
  state_ = State::open;
  since_ = now;
  return true;
}

void Breaker::probe_began(Deadline now) noexcept {
  state_ = State::half_open;
  probe_at_ = now + probe_every_;
}

void Breaker::probe_succeeded(Deadline now) noexcept {
  state_ = State::closed;
  failures_ = 0;
  since_ = now;
}

void Breaker::probe_failed() noexcept { state_ = State::open; }

}  // namespace ms::redis
