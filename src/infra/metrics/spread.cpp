#include "infra/metrics/spread.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ms::metrics {

std::size_t Spread::place(std::uint64_t value) noexcept {
  if (value < kExact) return static_cast<std::size_t>(value);
  const auto octave = static_cast<std::size_t>(std::bit_width(value)) - std::bit_width(kExact);
  if (octave >= kOctaves) return kBuckets - 1;
  const auto within = static_cast<std::size_t>(value >> (octave + 1)) - kPerOctave;
  return kExact + octave * kPerOctave + within;
}

std::uint64_t Spread::highest(std::size_t place) noexcept {
  if (place < kExact) return place;
  const auto octave = (place - kExact) / kPerOctave;
  const auto within = (place - kExact) % kPerOctave;
  return ((kPerOctave + within + 1) << (octave + 1)) - 1;
}

void Spread::add(std::uint64_t value) noexcept {
  ++buckets_[place(value)];
  ++count_;
}

void Spread::merge(const Spread& other) noexcept {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
}

std::uint64_t Spread::at(double share) const noexcept {
  if (count_ == 0) return 0;
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t counted = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    counted += buckets_[i];
    if (counted >= std::max<std::uint64_t>(wanted, 1)) return highest(i);
  }
  return highest(kBuckets - 1);
}

}  // namespace ms::metrics
