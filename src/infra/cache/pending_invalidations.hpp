#pragma once
#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace ms::cache {

/// The invalidations that Redis has not confirmed; no I/O. A delivery takes all of them. A key that is invalidated
/// again during a delivery stays for the next one, because the first delivery may have preceded that change.
class PendingInvalidations {
 public:
  /// Beyond this, sending the keys one by one costs more than loading all values again.
  static constexpr std::size_t kMaxKeys = 1024;

  struct Batch {
    bool everything = false;
    std::vector<std::string> keys;
    bool empty() const noexcept { return !everything && keys.empty(); }
  };

  void add(const std::vector<std::string>& keys);
  /// Everything pending, including an unconfirmed result of the previous take().
  Batch take();
  /// Confirms the result of the last take().
  void delivered() { in_delivery_ = Batch(); }

 private:
  std::set<std::string> keys_;
  bool everything_ = false;
  Batch in_delivery_;
};

}  // namespace ms::cache
