#pragma once
#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>

#include "infra/http/message.hpp"

// The bytes of HTTP/1.1 that this folder reads and writes by hand. Pure functions: no socket, no clock.
namespace ms::http {

/// Where the head that starts `bytes` ends: behind its blank line. 0: not there yet.
/// `seen` bytes were searched before. A line that ends with a bare LF gives kBareLineFeed.
std::size_t find_head_end(std::string_view bytes, std::size_t seen);
inline constexpr std::size_t kBareLineFeed = static_cast<std::size_t>(-1);

/// Looks at a whole head (with its blank line) more strictly than a parser has to, so that Nginx and we can never
/// disagree about where a request ends (request smuggling; RFC 9112 sections 3, 5, 6 and 11.2).
/// 0 when it is sound, else the status to refuse it with: 400, 431, 501 or 505.
int check_head(std::string_view head);

/// Splits the target into path and query; also of the absolute form (RFC 9112 section 3.2.2).
void split_target(Request& request);

Method method_of(std::string_view name);

/// Whether an If-Match field names this entity tag or any ("*"). Compared strongly: a weak one never matches
/// (RFC 9110 sections 8.8.3.2 and 13.1.1).
bool lists_tag(std::string_view if_match, std::string_view tag);

/// Writes status line, the response's own lines, Content-Length, Date and what must be said about the connection.
void write_head(std::string& out, const Response& response, std::string_view date, bool close);

/// IMF-fixdate of RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::time_t at);

/// True for statuses whose answer never has a body (RFC 9110 sections 15.2, 15.3.5 and 15.4.5).
bool bodyless(int status);

/// One Korean line for people who talk to us without Nginx.
Response plain_error(int status);

}  // namespace ms::http
