#pragma once
#include <algorithm>
#include <chrono>
#include <random>

namespace ms::pg {

/// The pauses between attempts to connect: doubling from 50 ms to 1 s, each up to half longer at random, so that many
/// clients do not reconnect at the same moment.
class Backoff {
 public:
  std::chrono::milliseconds next() {
    const auto pause = pause_;
    pause_ = std::min(2 * pause_, kMax);
    return pause + std::chrono::milliseconds(
                       std::uniform_int_distribution<int>(0, static_cast<int>(pause.count()) / 2)(random_));
  }
  /// A connection that lasted for a while resets the pause; one that broke at once does not.
  void on_disconnect(std::chrono::nanoseconds uptime) {
    if (uptime >= kMax) pause_ = kFirst;
  }

 private:
  static constexpr std::chrono::milliseconds kFirst{50};
  static constexpr std::chrono::milliseconds kMax{1000};
  std::chrono::milliseconds pause_ = kFirst;
  std::minstd_rand random_{std::random_device()()};
};

}  // namespace ms::pg
