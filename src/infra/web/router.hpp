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

/// Who reads the body of a request.
enum class BodyMode {
  whole,            ///< the server, before the handler runs
  streamed,         ///< the handler, while it arrives (http::Request::body_stream)
  form_with_files,  ///< the pipeline: files are stored while they arrive, the handler gets the form
};

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
  void options(std::string_view pattern, Handler handler) { add(http::Method::options, pattern, std::move(handler)); }
  /// Handlers that read the body themselves, whatever its size. The Call's deadline is that of every request: renew it
  /// (Call::renew) after waiting for the client. The response to one that is sent again is the handler's affair.
  void post_streamed(std::string_view pattern, Handler handler) {
    add(http::Method::post, pattern, std::move(handler), BodyMode::streamed);
  }
  void patch_streamed(std::string_view pattern, Handler handler) {
    add(http::Method::patch, pattern, std::move(handler), BodyMode::streamed);
  }
  /// A form that may have files: Context::form() has a pair for each, whose value the program's FileReceiver gives.
  void post_with_files(std::string_view pattern, Handler handler) {
    add(http::Method::post, pattern, std::move(handler), BodyMode::form_with_files);
  }
  void del(std::string_view pattern, Handler handler) { add(http::Method::del, pattern, std::move(handler)); }

  struct Match {
    const Handler* handler = nullptr;  ///< null: no such path, or not with that method
    std::optional<std::size_t> route;  ///< for metrics and logs; set with the handler
    bool background = false;           ///< get_polling()
    BodyMode body = BodyMode::whole;
    Params params;
    std::string allow;  ///< methods of the path when only the method is wrong (RFC 9110 15.5.6)
  };
  /// HEAD is answered by GET's handler.
  Match match(http::Method method, std::string_view path) const;

  /// Whether the server leaves the body of this request to the handler or the pipeline.
  bool is_streamed(const http::Request& request) const;

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
    BodyMode body = BodyMode::whole;
  };
  void add(http::Method method, std::string_view pattern, Handler handler, BodyMode body = BodyMode::whole);
  std::vector<Route> routes_;
  std::vector<std::size_t> streamed_;  ///< routes whose body mode is not whole
};

}  // namespace ms::web
