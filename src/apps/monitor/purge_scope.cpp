#include "apps/monitor/purge_scope.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "infra/http/form.hpp"

namespace ms::monitor {
namespace {

constexpr std::string_view kBoards = "/boards/";
constexpr std::string_view kComment = "id=\"c";  // features/comments/thread.html
constexpr std::string_view kSlug = "abcdefghijklmnopqrstuvwxyz0123456789-_";

/// The number at the beginning of `text`; 0 when there is none.
std::int64_t number_at(std::string_view text) {
  std::int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

/// The post of "free/12", which may be followed by anything.
std::int64_t post_at(std::string_view text) {
  const auto end = text.find_first_not_of(kSlug);
  return end == std::string_view::npos || text[end] != '/' ? 0 : number_at(text.substr(end + 1));
}

void add(std::vector<std::int64_t>& to, const std::vector<std::int64_t>& ids) {
  to.insert(to.end(), ids.begin(), ids.end());
  std::ranges::sort(to);
  const auto same = std::ranges::unique(to);
  to.erase(same.begin(), same.end());
}

/// Whether one of `ids` follows `mark` somewhere, as `id_at` reads it.
bool has_one_of(const std::vector<std::int64_t>& ids, std::string_view page, std::string_view mark,
                std::int64_t (*id_at)(std::string_view)) {
  if (ids.empty()) return false;
  for (auto at = page.find(mark); at != std::string_view::npos; at = page.find(mark, at + mark.size())) {
    if (std::ranges::binary_search(ids, id_at(page.substr(at + mark.size())))) return true;
  }
  return false;
}

}  // namespace

PurgeScope PurgeScope::everything() {
  PurgeScope out;
  out.all_ = true;
  return out;
}

PurgeScope PurgeScope::parse(std::string_view query) {
  const auto form = http::Form::parse(query);
  if (!form || form->pairs().empty()) return everything();
  PurgeScope out;
  for (const auto& [name, value] : form->pairs()) {
    const std::int64_t id = number_at(value);
    if (id <= 0 || (name != "post" && name != "comment")) return everything();
    add(name == "post" ? out.posts_ : out.comments_, {id});
  }
  return out;
}

void PurgeScope::merge(const PurgeScope& other) {
  all_ = all_ || other.all_;
  add(posts_, other.posts_);
  add(comments_, other.comments_);
}

bool PurgeScope::concerns(std::string_view page) const {
  return all_ || has_one_of(posts_, page, kBoards, post_at) || has_one_of(comments_, page, kComment, number_at);
}

}  // namespace ms::monitor
