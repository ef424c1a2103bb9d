#pragma once
#include <array>
#include <cstdint>

namespace ms::metrics {

/// A distribution of values: whole numbers (as a rule milliseconds) in buckets that are exact below 32 and then 1/16 of
/// the value wide, as in HdrHistogram; greater values count as a million. 1 kB, no allocation.
class Spread {
 public:
  void add(std::uint64_t value) noexcept;
  void merge(const Spread& other) noexcept;
  std::uint64_t count() const noexcept { return count_; }
  /// The value that `share` (0 to 1) of all values do not exceed, as its bucket's highest value; 0 without values.
  std::uint64_t at(double share) const noexcept;

 private:
  static constexpr std::size_t kExact = 32;
  static constexpr std::size_t kPerOctave = 16;
  static constexpr std::size_t kOctaves = 15;  // 2^5 to 2^20
  static constexpr std::size_t kBuckets = kExact + kPerOctave * kOctaves;

  static std::size_t place(std::uint64_t value) noexcept;
  static std::uint64_t highest(std::size_t place) noexcept;

  std::array<std::uint32_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
};

}  // namespace ms::metrics
