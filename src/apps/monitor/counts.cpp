#include "apps/monitor/counts.hpp"

namespace ms::monitor {
namespace {

std::size_t class_of(int status) {
  constexpr int kHundred = 100;
  const auto place = static_cast<std::size_t>(status / kHundred);
  return place < kClasses.size() ? place : 0;
}

}  // namespace

void Tally::add(const Event& event) noexcept {
  ++count;
  unanswered += event.unanswered ? 1 : 0;
  ++classes[class_of(event.status)];
  ++caches[event.cache];
  if (event.timed) milliseconds.add(event.milliseconds);
}

void Tally::merge(const Tally& other) noexcept {
  count += other.count;
  unanswered += other.unanswered;
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i] += other.classes[i];
  for (std::size_t i = 0; i < caches.size(); ++i) caches[i] += other.caches[i];
  milliseconds.merge(other.milliseconds);
}

void Counts::add(const Event& event, Clock::time_point now) {
  minute_.at(now).add(event);
  five_.at(now).add(event);
  all_.add(event);
  if (event.timed) seconds_.observe(std::chrono::milliseconds(event.milliseconds));
  last_ = now;
}

}  // namespace ms::monitor
