#include "infra/http/message.hpp"

#include <algorithm>
#include <array>

#include "infra/core/text.hpp"

namespace ms::http {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

// No branch per byte, so that the compiler can test sixteen bytes at a time.
bool breaks_line(std::string_view value) {
  unsigned char any = 0;
  for (const char c : value) any |= static_cast<unsigned char>((c == '\r') | (c == '\n') | (c == '\0'));
  return any != 0;
}

}  // namespace

std::string_view name_of(Method method) {
  constexpr std::array<std::string_view, 8> kNames = {"GET",   "HEAD",   "POST",    "PUT",
                                                      "PATCH", "DELETE", "OPTIONS", "other"};
  return kNames.at(static_cast<std::size_t>(method));
}

std::string_view Request::header(std::string_view name) const noexcept {
  for (const Field& field : fields) {
    if (same_name(field.name, name)) return field.value;
  }
  return {};
}

std::optional<std::string_view> Request::cookie(std::string_view name) const noexcept {
  for (const Field& field : fields) {
    if (!same_name(field.name, "Cookie")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::string_view pair = trim(rest.substr(0, rest.find(';')));
      rest.remove_prefix(std::min(rest.find(';'), rest.size() - 1) + 1);
      const std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == name) return pair.substr(equals + 1);
    }
  }
  return std::nullopt;
}

Response& Response::set(std::string_view name, std::string_view value) {
  constexpr std::size_t kDefault = 640;  // bytes of a page's head
  if (head_.empty()) head_.reserve(kDefault);
  head_.append(name).append(": ");
  if (breaks_line(value)) {
    std::ranges::copy_if(value, std::back_inserter(head_), [](char c) { return c != '\r' && c != '\n' && c != '\0'; });
  } else {
    head_.append(value);
  }
  head_.append("\r\n");
  return *this;
}

Response Response::text(int status, std::string_view content_type, std::string body) {
  Response response(status);
  response.set("Content-Type", content_type);
  response.body = std::move(body);
  return response;
}

Response Response::stream(std::string_view content_type, std::function<void(std::shared_ptr<Stream>)> begin) {
  Response response(200);
  response.set("Content-Type", content_type);
  response.begin = std::move(begin);
  return response;
}

Response Response::see_other(std::string_view location) {
  Response response(303);
  response.set("Location", location);
  return response;
}

Response Response::temporary_redirect(std::string_view location) {
  Response response(307);
  response.set("Location", location).set("Cache-Control", "no-store");
  return response;
}

std::string_view reason(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 423:
      return "Locked";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

}  // namespace ms::http
