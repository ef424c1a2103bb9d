#pragma once
#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>

#include "infra/http/message.hpp"

// The bytes of HTTP/1.1 that this folder parses and writes by hand. Pure functions: no socket, no clock.
namespace ms::http {

/// The end of the head at the start of `bytes`, behind its blank line; 0 when it is incomplete. `searched` bytes were
/// searched before. A line that ends with a bare LF gives kBareLineFeed.
std::size_t find_head_end(std::string_view bytes, std::size_t searched);
inline constexpr std::size_t kBareLineFeed = static_cast<std::size_t>(-1);

/// Checks a whole head (with its blank line) more strictly than a parser must, so that Nginx and we can never disagree
/// about where a request ends (request smuggling; RFC 9112 sections 3, 5, 6 and 11.2). 0 when it is valid, else the
/// status of the error response: 400, 431, 501 or 505.
int check_head(std::string_view head);

/// Splits the target into path and query; accepts the absolute form too (RFC 9112 section 3.2.2).
void split_target(Request& request);

Method method_of(std::string_view name);

/// Whether an If-Match field contains this entity tag or "*". Strong comparison: a weak tag never matches (RFC 9110
/// sections 8.8.3.2 and 13.1.1).
bool lists_tag(std::string_view if_match, std::string_view tag);

/// Writes the status line, the response's fields, Content-Length, Date, and Connection when it closes.
void write_head(std::string& out, const Response& response, std::string_view date, bool close);

/// IMF-fixdate of RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::time_t at);

/// Whether responses with this status never have a body (RFC 9110 sections 15.2, 15.3.5 and 15.4.5).
bool bodyless(int status);

/// One line in Korean, for clients that connect without Nginx.
Response plain_error(int status);

}  // namespace ms::http
