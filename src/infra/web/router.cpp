#include "infra/web/router.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "infra/core/text.hpp"
#include "infra/http/form.hpp"
#include "infra/http/multipart.hpp"

namespace ms::web {
namespace {

constexpr std::size_t kMaxDepth = 8;  // segments; no route has more

/// The segments of "/a/b". A path with more than kMaxDepth matches no route.
class Segments {
 public:
  explicit Segments(std::string_view path) {
    if (path.starts_with('/')) path.remove_prefix(1);
    while (size_ < all_.size()) {
      const auto slash = path.find('/');
      all_[size_++] = path.substr(0, slash);
      if (slash == std::string_view::npos) break;
      path.remove_prefix(slash + 1);
    }
  }
  std::size_t size() const noexcept { return size_; }
  const std::string_view* begin() const noexcept { return all_.data(); }
  const std::string_view* end() const noexcept { return all_.data() + size_; }
  std::string_view operator[](std::size_t at) const noexcept { return all_[at]; }

 private:
  std::array<std::string_view, kMaxDepth + 1> all_;
  std::size_t size_ = 0;
};

bool is_name(std::string_view segment) { return segment.starts_with('{'); }

bool fits(const std::vector<std::string>& pattern, const Segments& path) {
  return pattern.size() == path.size() && std::ranges::equal(pattern, path, [](const std::string& ours, auto theirs) {
           return is_name(ours) ? !theirs.empty() : ours == theirs;
         });
}

/// As in the Allow field: HEAD is answered wherever GET is.
std::string_view allowed(http::Method method) {
  return method == http::Method::get ? "GET, HEAD" : http::name_of(method);
}

}  // namespace

std::string_view Params::get(std::string_view name) const noexcept {
  const auto found = std::ranges::find(values_, name, &std::pair<std::string_view, std::string>::first);
  return found == values_.end() ? std::string_view() : std::string_view(found->second);
}

std::int64_t Params::number(std::string_view name) const noexcept {
  const std::string_view text = get(name);
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out > 0 ? out : 0;
}

void Router::add(http::Method method, std::string_view pattern, Handler handler, BodyMode body) {
  Route route{method, std::string(pattern), {}, std::move(handler), false, body};
  for (const auto segment : Segments(pattern)) route.segments.emplace_back(segment);
  if (body != BodyMode::whole) streamed_.push_back(routes_.size());
  routes_.push_back(std::move(route));
}

Router::Match Router::match(http::Method method, std::string_view path) const {
  const http::Method wanted = method == http::Method::head ? http::Method::get : method;
  const Segments segments(path);
  Match out;
  for (const Route& route : routes_) {
    if (!fits(route.segments, segments)) continue;
    if (route.method != wanted) {
      if (!out.allow.contains(allowed(route.method))) {
        out.allow += (out.allow.empty() ? "" : ", ") + std::string(allowed(route.method));
      }
      continue;
    }
    for (std::size_t i = 0; i < segments.size(); ++i) {
      if (!is_name(route.segments[i])) continue;
      auto value = http::percent_decode(segments[i]);
      if (!value || !valid_utf8(*value)) return Match{};
      const std::string_view name = route.segments[i];
      out.params.add(name.substr(1, name.size() - 2), std::move(*value));
    }
    out.handler = &route.handler;
    out.background = route.background;
    out.body = route.body;
    out.route = static_cast<std::size_t>(&route - routes_.data());
    return out;
  }
  return out;
}

/// Few routes are streamed: other requests cost one look at each of those.
bool Router::is_streamed(const http::Request& request) const {
  const Segments segments(request.path);
  const bool any = std::ranges::any_of(streamed_, [&](std::size_t at) {
    const Route& route = routes_[at];
    return route.method == request.method && fits(route.segments, segments);
  });
  if (!any) return false;
  const BodyMode mode = match(request.method, request.path).body;
  return mode == BodyMode::streamed ||
         (mode == BodyMode::form_with_files && http::multipart_boundary(request.header("content-type")));
}

}  // namespace ms::web
