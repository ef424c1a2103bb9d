#pragma once
#include <chrono>
#include <cstdint>
#include <vector>

namespace ms::metrics {

/// A sliding window of `slices` pieces of time, of which the newest replaces the oldest. Slice has merge(), and a new
/// one is empty. Times are those of the steady clock, so a changed wall clock has no effect.
template <class Slice>
class Window {
 public:
  using Clock = std::chrono::steady_clock;

  Window(Clock::duration length, std::size_t slices)
      : slice_length_(length / static_cast<std::int64_t>(slices)), slices_(slices) {}

  /// The slice of the present moment.
  Slice& at(Clock::time_point now) {
    Place& place = slices_[index(number(now))];
    if (place.number != number(now)) place = {number(now), Slice()};
    return place.slice;
  }
  /// All slices of the window that ends now, merged; the last one has only begun.
  Slice sum(Clock::time_point now) const {
    Slice out;
    const auto oldest = number(now) - static_cast<std::int64_t>(slices_.size()) + 1;
    for (const Place& place : slices_) {
      if (place.number >= oldest) out.merge(place.slice);
    }
    return out;
  }

 private:
  struct Place {
    std::int64_t number = -1;
    Slice slice{};
  };
  std::int64_t number(Clock::time_point now) const { return now.time_since_epoch() / slice_length_; }
  std::size_t index(std::int64_t number) const { return static_cast<std::size_t>(number) % slices_.size(); }

  Clock::duration slice_length_;
  std::vector<Place> slices_;
};

}  // namespace ms::metrics
