#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace ms::limit {

/// A bounded table of counters, each with the end of its window; no I/O, the caller passes the time. When it is full
/// the oldest counter is evicted, so that a flood of subjects takes no more memory than the bound.
class LocalCounts {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// About 10 MB when full.
  static constexpr std::size_t kMaxEntries = 65'536;

  explicit LocalCounts(std::size_t max_entries = kMaxEntries) : max_entries_(max_entries) {}

  /// Counts `times` and gives the count in the running window.
  std::int64_t add(const std::string& key, std::chrono::seconds window, Time now, std::int64_t times = 1);
  void erase(const std::string& key);
  /// Decrements the count, if there is one.
  void take_back(const std::string& key);
  std::size_t size() const noexcept { return by_age_.size(); }

 private:
  struct Entry {
    std::string key;
    std::int64_t count = 0;
    Time end;
  };
  std::size_t max_entries_;
  std::list<Entry> by_age_;                                                  // oldest window first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_;  // views into by_age_
};

}  // namespace ms::limit
