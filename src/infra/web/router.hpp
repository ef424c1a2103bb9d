#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "infra/http/message.hpp"
#include "infra/io/async.hpp"

namespace ms::web {

class Context;
using Handler = std::function<async<http::Response>(Context&)>;

/// The values of the {names} of a route's pattern, percent-decoded.
class Params {
 public:
  /// Empty when the route has no such name.
  std::string_view get(std::string_view name) const noexcept;
  /// The parameter as a positive number, or 0.
  std::int64_t number(std::string_view name) const noexcept;
  void add(std::string_view name, std::string value) { values_.emplace_back(name, std::move(value)); }

 private:
  std::vector<std::pair<std::string_view, std::string>> values_;
};

/// Patterns such as "/boards/{slug}/posts": a segment is literal or one {name}. The first matching pattern wins. Filled
/// at start, read-only afterwards.
class Router {
 public:
  void get(std::string_view pattern, Handler handler) { add(http::Method::get, pattern, std::move(handler)); }
  void post(std::string_view pattern, Handler handler) { add(http::Method::post, pattern, std::move(handler)); }
  void put(std::string_view pattern, Handler handler) { add(http::Method::put, pattern, std::move(handler)); }
  void patch(std::string_view pattern, Handler handler) { add(http::Method::patch, pattern, std::move(handler)); }
  /// A GET that an open page repeats by itself: it does not count as use of the session, which may expire meanwhile.
  void get_polling(std::string_view pattern, Handler handler) {
    add(http::Method::get, pattern, std::move(handler));
    routes_.back().background = true;
  }
  void del(std::string_view pattern, Handler handler) { add(http::Method::del, pattern, std::move(handler)); }

  struct Match {
    const Handler* handler = nullptr;  ///< null: no such path, or not with that method
    std::optional<std::size_t> route;  ///< for metrics and logs; set with the handler
    bool background = false;           ///< get_polling()
    Params params;
    std::string allow;  ///< methods of the path when only the method is wrong (RFC 9110 15.5.6)
  };
  /// HEAD is answered by GET's handler.
  Match match(http::Method method, std::string_view path) const;

  std::size_t size() const noexcept { return routes_.size(); }
  http::Method method(std::size_t route) const { return routes_[route].method; }
  std::string_view pattern(std::size_t route) const { return routes_[route].pattern; }

 private:
  struct Route {
    http::Method method;
    std::string pattern;
    std::vector<std::string> segments;  // "{name}" keeps its braces
    Handler handler;
    bool background = false;
  };
  void add(http::Method method, std::string_view pattern, Handler handler);
  std::vector<Route> routes_;
};

}  // namespace ms::web
