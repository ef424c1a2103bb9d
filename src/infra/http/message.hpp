#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ms::http {

class Stream;

enum class Method { get, head, post, put, patch, del, other };
/// "GET", "DELETE", …; "other" for what no route answers.
std::string_view name_of(Method method);
/// Changes nothing (RFC 9110 9.2.1): what is asked with it may be asked again, or by a link from elsewhere.
constexpr bool is_safe(Method method) { return method == Method::get || method == Method::head; }

struct Field {
  std::string_view name;
  std::string_view value;
};

/// One parsed request. All views point into the connection's buffers and live until the answer was sent.
class Request {
 public:
  Method method = Method::get;
  std::string_view method_name;
  std::string_view target;  ///< as sent: path and query
  std::string_view path;    ///< before '?', still percent-encoded
  std::string_view query;   ///< after '?'
  std::vector<Field> fields;
  std::string_view body;
  std::string_view peer;  ///< address of the TCP peer (Nginx, as a rule)

  /// The value of a header field, compared without case; empty when absent.
  std::string_view header(std::string_view name) const noexcept;
  /// The value of a cookie as sent (percent-encoded); nullopt when absent (RFC 6265 section 5.4).
  std::optional<std::string_view> cookie(std::string_view name) const noexcept;
};

/// Answer under construction. `body` is moved out when it is sent; Content-Length and Date are added then.
class Response {
 public:
  Response() = default;
  explicit Response(int code) : status(code) {}

  int status = 200;
  std::string body;
  /// Set: the answer goes on as this stream (stream.hpp), whose head was just written. Not called for HEAD, nor when
  /// the server has no room for one more stream or is draining, which is answered 503.
  std::function<void(std::shared_ptr<Stream>)> begin;

  /// Adds "name: value"; CR and LF in the value are dropped (no header injection).
  Response& set(std::string_view name, std::string_view value);
  /// Adds what set() gave another answer: for fields that are the same in all of them.
  Response& add_head_of(const Response& other) {
    head_.append(other.head_);
    return *this;
  }
  const std::string& head() const noexcept { return head_; }

  static Response text(int status, std::string_view content_type, std::string body);
  static Response stream(std::string_view content_type, std::function<void(std::shared_ptr<Stream>)> begin);
  /// 303 See Other (RFC 9110 section 15.4.4): what a form's POST answers.
  static Response see_other(std::string_view location);
  /// 307 Temporary Redirect (RFC 9110 section 15.4.8): the browser sends the same, method and body, to `location`.
  static Response same_again(std::string_view location);

 private:
  std::string head_;  // "Name: value\r\n" lines
};

/// The reason phrase of RFC 9110 section 15 and RFC 6585; "" for what is not known.
std::string_view reason(int status);

}  // namespace ms::http
