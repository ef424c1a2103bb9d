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

/// A request without a body to a server whose response is small.
struct FetchRequest {
  asio::generic::stream_protocol::endpoint to;  ///< TCP or a unix socket
  std::string host;                             ///< value of the Host field
  std::string path;
  std::string method = "GET";
  std::string accept = "*/*";         ///< media types
  std::size_t max_bytes = 64 * 1024;  ///< limit of the response's head and of its body; longer ones are errors
};

struct FetchResponse {
  int status = 0;
  std::string body;
};

/// The request for a URL such as "http://127.0.0.1:8080/nginx_status"; nothing unless the host is a numeric address.
std::optional<FetchRequest> parse_url(std::string_view url);

/// Sends the request over a connection of its own, which is closed afterwards. The error is one line for operators:
/// refused, timed out, too long, or not HTTP. Never throws for what the other side does.
async<std::expected<FetchResponse, std::string>> fetch(FetchRequest request, Deadline deadline);

}  // namespace ms::http
