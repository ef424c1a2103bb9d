#include "infra/limit/local_counts.hpp"

namespace ms::limit {

std::int64_t LocalCounts::add(const std::string& key, std::chrono::seconds window, Time now, std::int64_t times) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    if (now < found->second->end) return found->second->count += times;
    erase(key);
  }
  if (by_age_.size() >= max_entries_) {
    by_key_.erase(by_age_.front().key);
    by_age_.pop_front();
  }
  by_age_.push_back(Entry{.key = key, .count = times, .end = now + window});
  by_key_.emplace(by_age_.back().key, std::prev(by_age_.end()));
  return times;
}

void LocalCounts::take_back(const std::string& key) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end() && found->second->count > 0) --found->second->count;
}

void LocalCounts::erase(const std::string& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  const auto entry = found->second;
  by_key_.erase(found);
  by_age_.erase(entry);
}

}  // namespace ms::limit
