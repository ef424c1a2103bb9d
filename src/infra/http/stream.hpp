#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace ms::http {

/// A response that continues after its head: bytes are written when there are any, until one side ends it (server-sent
/// events; WHATWG HTML 9.2). It has no length and ends with the connection (RFC 9112 section 6.3, case 8).
/// Response::begin receives it; it may be kept after the connection has closed. One thread.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Writes at once what the socket takes; the rest is pending, shared with all other streams that got the same bytes.
  /// A client is cut off by the next send when more than Limits::stream_bytes are unread, not counting the chunk that
  /// is being written, or when it reads nothing for Limits::write_time. So a slow client receives one chunk of any size
  /// completely: everything it missed should be one chunk. False: the stream has ended and nothing was queued.
  virtual bool send(std::shared_ptr<const std::string> bytes) = 0;
  /// Ends the stream after the queued bytes; nothing can be sent any more.
  virtual void close() = 0;
  virtual bool open() const noexcept = 0;
  /// `on_end` is called once when the stream has ended, whichever side ended it; never within send(), close() or this
  /// call; perhaps after the server is gone. `final_bytes` (may be empty) returns what is written when a draining
  /// server ends this stream. Both functions are destroyed by then.
  virtual void on_end(std::function<void()> on_end, std::function<std::string()> final_bytes) = 0;
};

}  // namespace ms::http
