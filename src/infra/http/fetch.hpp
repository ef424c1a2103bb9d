#pragma once
#include <boost/asio/generic/stream_protocol.hpp>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "infra/io/async.hpp"
#include "infra/io/call.hpp"

namespace ms::http {

/// A request without a body to a server whose answer is small.
struct FetchRequest {
  asio::generic::stream_protocol::endpoint to;  ///< TCP or a unix socket
  std::string host;                             ///< of the Host field
  std::string path;
  std::string method = "GET";
  std::string accept = "*/*";         ///< media types
  std::size_t max_bytes = 64 * 1024;  ///< of the answer's body, and of its head; more is no answer
};

struct FetchResponse {
  int status = 0;
  std::string body;
};

/// "http://127.0.0.1:8080/nginx_status" as something to ask; nothing unless the host is a numeric address.
std::optional<FetchRequest> parse_url(std::string_view url);

/// Asks over a connection of its own, which is closed afterwards. The error is one line for operators: refused, too
/// late, too long, or not HTTP. Never throws for what the other side does.
async<std::expected<FetchResponse, std::string>> fetch(FetchRequest question, Deadline deadline);

}  // namespace ms::http
