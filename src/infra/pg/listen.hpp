#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "infra/io/async.hpp"

namespace ms::pg {

/// Receives NOTIFY on a connection of its own (PostgreSQL manual, LISTEN).
///
/// For caches that must be exact: a message can be missed only between on_gap(false) and on_gap(true), and a server or
/// network that merely hangs is a gap too. The server sends all notifications committed before a query ahead of that
/// query's answer, so a small query each second proves that nothing before it was missed.
/// All calls and callbacks belong to the thread of `io`.
class Listener {
 public:
  using OnMessage = std::function<void(std::string_view channel, std::string_view payload)>;
  /// false: messages may be missed from now on; true: LISTEN is in force again, so invalidate what is cached.
  using OnGap = std::function<void(bool connected)>;

  /// Connects at once by itself, and reconnects with back-off. Throws std::invalid_argument for a bad conninfo.
  Listener(asio::io_context& io, const std::string& conninfo, std::vector<std::string> channels, OnMessage on_message,
           OnGap on_gap);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// True only when every notification committed before a moment at most two seconds ago was certainly received.
  bool live() const;
  /// Ends; no callback is called afterwards.
  void close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with its coroutine
};

}  // namespace ms::pg
