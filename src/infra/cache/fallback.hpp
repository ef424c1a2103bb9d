#pragma once
#include <chrono>
#include <string>
#include <unordered_map>

namespace ms::cache {

/// Values of this process for the time without Redis; no I/O, the caller says the time. Bounded: when it is full it
/// begins anew.
class Fallback {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr auto kKept = std::chrono::seconds(1);
  static constexpr std::size_t kMaxEntries = 1000;  // a few MB: the cached values are lists of titles and profiles

  /// Null when there is none or it is too old.
  const std::string* find(const std::string& key, Time now) const {
    const auto found = entries_.find(key);
    return found == entries_.end() || now >= found->second.until ? nullptr : &found->second.value;
  }
  void keep(const std::string& key, std::string value, Time now) {
    if (entries_.size() >= kMaxEntries) entries_.clear();
    entries_.insert_or_assign(key, Entry{std::move(value), now + kKept});
  }
  void forget(const std::string& key) { entries_.erase(key); }

 private:
  struct Entry {
    std::string value;
    Time until;
  };
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace ms::cache
