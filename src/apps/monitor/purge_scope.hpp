#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace ms::monitor {

/// Which saved pages a purge concerns: those that show one of these posts or comments, or all.
class PurgeScope {
 public:
  static PurgeScope everything();
  /// Of a query such as "post=12&comment=7&comment=8". Anything else that a change may concern (board=, member=), an
  /// empty query and one that cannot be parsed mean all pages.
  static PurgeScope parse(std::string_view query);

  bool all() const noexcept { return all_; }
  void merge(const PurgeScope& other);
  /// Whether this file of Nginx's cache, which begins with the page's address, has a link to one of the posts, or one
  /// of the comments. A page that shows anything of a post links to it, so no list of addresses has to be kept.
  bool concerns(std::string_view page) const;

 private:
  bool all_ = false;
  std::vector<std::int64_t> posts_;     // sorted
  std::vector<std::int64_t> comments_;  // sorted
};

}  // namespace ms::monitor
