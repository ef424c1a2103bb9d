#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace ms::http {

/// An answer that goes on after its head: bytes are written when there are any, until one side ends it (server-sent
/// events; WHATWG HTML 9.2). The answer has no length and ends with the connection (RFC 9112 section 6.3, case 8).
/// Given to Response::begin; safe to keep after the connection is gone. One thread.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Written at once as far as the socket takes it; the rest waits, shared with every other stream that it was given
  /// to. A reader that has left more than Limits::stream_bytes unread, besides the chunk that it is reading, is cut off
  /// by the next send, and one that reads nothing for Limits::write_time. So a slow one gets a chunk of any size to its
  /// end: what a reader has missed should be one. False: it is over, nothing was queued.
  virtual bool send(std::shared_ptr<const std::string> bytes) = 0;
  /// Ends it after what was queued; nothing can be sent from now on.
  virtual void close() = 0;
  virtual bool open() const noexcept = 0;
  /// `over` is called once when it is over, whoever ended it; never within send(), close() or this; perhaps after the
  /// server is gone. `last_words` (may be empty) gives what is written when the whole server drains and ends this
  /// stream. Both are let go of by then.
  virtual void on_end(std::function<void()> over, std::function<std::string()> last_words) = 0;
};

}  // namespace ms::http
