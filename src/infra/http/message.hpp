#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ms::http {

class BodyReader;
class Stream;

enum class Method { get, head, post, put, patch, del, options, other };
/// "GET", "DELETE", …; "other" for a method that no route has.
std::string_view name_of(Method method);
/// Changes nothing (RFC 9110 9.2.1): such a request may be repeated, or come from a link on another site.
constexpr bool is_safe(Method method) {
  return method == Method::get || method == Method::head || method == Method::options;
}

struct Field {
  std::string_view name;
  std::string_view value;
};

/// One parsed request. All views point into the connection's buffers and are valid until the response is sent.
class Request {
 public:
  Method method = Method::get;
  std::string_view method_name;
  std::string_view target;  ///< as sent: path and query
  std::string_view path;    ///< before '?', still percent-encoded
  std::string_view query;   ///< after '?'
  std::vector<Field> fields;
  std::string_view body;
  BodyReader* body_stream = nullptr;  ///< where the handler reads the body itself (Server::IsStreamed); `body` is empty
  std::string_view peer;              ///< address of the TCP peer (usually Nginx)

  /// The value of a header field, found case-insensitively; empty when absent.
  std::string_view header(std::string_view name) const noexcept;
  /// The value of a cookie as sent (percent-encoded); nullopt when absent (RFC 6265 section 5.4).
  std::optional<std::string_view> cookie(std::string_view name) const noexcept;
};

/// A response under construction. Sending moves `body` out and adds Content-Length and Date.
class Response {
 public:
  Response() = default;
  explicit Response(int code) : status(code) {}

  int status = 200;
  std::string body;
  /// When set, the response continues as this stream (stream.hpp) after its head. Not called for HEAD, nor when the
  /// server is draining or has no room for another stream, which gives 503.
  std::function<void(std::shared_ptr<Stream>)> begin;

  /// Adds "name: value"; CR and LF in the value are dropped (no header injection).
  Response& set(std::string_view name, std::string_view value);
  /// Adds the fields of another response: for fields that are the same in all responses.
  Response& add_head_of(const Response& other) {
    head_.append(other.head_);
    return *this;
  }
  const std::string& head() const noexcept { return head_; }

  static Response text(int status, std::string_view content_type, std::string body);
  static Response stream(std::string_view content_type, std::function<void(std::shared_ptr<Stream>)> begin);
  /// 303 See Other (RFC 9110 section 15.4.4): the response to a form's POST.
  static Response see_other(std::string_view location);
  /// 307 Temporary Redirect (RFC 9110 section 15.4.8): the browser repeats the request, with method and body, at
  /// `location`.
  static Response temporary_redirect(std::string_view location);

 private:
  std::string head_;  // "Name: value\r\n" lines
};

/// The reason phrase of RFC 9110 section 15 and RFC 6585; "" for unknown statuses.
std::string_view reason(int status);

}  // namespace ms::http
