#pragma once
#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "infra/io/async.hpp"

namespace ms::http {

/// Why the rest of a streamed body cannot be read.
enum class BodyError {
  gone,       ///< the client closed the connection
  too_slow,   ///< it sent less than Limits::streamed_rate
  malformed,  ///< broken chunked coding
  stopping,   ///< the server drains
};

/// The body of a request whose handler reads it while it arrives (Request::body_stream). The client is told to go on
/// (100 Continue, RFC 9110 10.1.1) by the first read() only, and sends no faster than the handler reads. A handler may
/// respond before the end: the connection closes then.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  /// The next bytes, valid until the next call; empty at the end. After a failure each call gives the same failure.
  virtual async<std::expected<std::string_view, BodyError>> read() = 0;
  /// Content-Length; nullopt for chunked coding.
  virtual std::optional<std::uint64_t> length() const = 0;
  /// How long read() has waited for the client.
  virtual std::chrono::nanoseconds waited() const noexcept = 0;
};

}  // namespace ms::http
