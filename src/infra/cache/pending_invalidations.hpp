#pragma once
#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace ms::cache {

/// The drops that Redis has not confirmed; no I/O. A delivery takes what there is; what is dropped again while it is
/// under way stays for the next one, since the first delivery may have come before that change.
class PendingInvalidations {
 public:
  /// More keys than these cost more to remember and tell one by one than to fill anew.
  static constexpr std::size_t kMaxKeys = 1024;

  struct Batch {
    bool everything = false;
    std::vector<std::string> keys;
    bool empty() const noexcept { return !everything && keys.empty(); }
  };

  void remember(const std::vector<std::string>& keys);
  /// All there is, also what the last take() got and nobody confirmed.
  Batch take();
  /// What the last take() gave has arrived.
  void delivered() { under_way_ = Batch(); }

 private:
  std::set<std::string> keys_;
  bool everything_ = false;
  Batch under_way_;
};

}  // namespace ms::cache
