#pragma once
#include <chrono>

#include "infra/io/call.hpp"

namespace ms::redis {

/// The circuit of one connection as a state machine without I/O and without a clock; the caller says the time.
///   open       no commands are sent; the next probe is due at probe_at()
///   half_open  one probe runs, still no commands are sent
///   closed     commands are sent
/// It begins open with a probe due at once. Probes begin at least `probe_every` apart: after a long good time the first
/// one follows a loss immediately, and a Redis that dies again and again is not hammered.
class CircuitBreaker {
 public:
  enum class State { closed, open, half_open };

  CircuitBreaker(int break_after, std::chrono::milliseconds probe_every, Deadline now) noexcept
      : break_after_(break_after), probe_every_(probe_every), since_(now), probe_at_(now) {}

  State state() const noexcept { return state_; }
  bool closed() const noexcept { return state_ == State::closed; }
  /// When the circuit last closed or opened.
  Deadline since() const noexcept { return since_; }
  Deadline probe_at() const noexcept { return probe_at_; }

  /// A good answer in time.
  void answered() noexcept { failures_ = 0; }
  /// A missed deadline or an "unusable" answer; true when this one opened the circuit.
  bool failed(Deadline now) noexcept;
  /// The connection is lost or hangs; true when this opened the circuit.
  bool lost(Deadline now) noexcept;

  void probe_began(Deadline now) noexcept;
  void probe_succeeded(Deadline now) noexcept;
  void probe_failed() noexcept;

 private:
  int break_after_;
  std::chrono::milliseconds probe_every_;
  State state_ = State::open;
  int failures_ = 0;  // in a row
  Deadline since_;
  Deadline probe_at_;
};

}  // namespace ms::redis
