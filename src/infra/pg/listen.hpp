#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "infra/io/async.hpp"

namespace ms::pg {

/// Hears NOTIFY on a connection of its own (PostgreSQL manual, LISTEN).
///
/// Meant for caches that must be exact: a message can be missed only between on_gap(false) and on_gap(true), and a
/// server or network that merely hangs is a gap too. The server sends all notifications that were committed before a
/// query ahead of that query's answer, so a small query each second proves that nothing before it was missed.
/// All calls and callbacks belong to the thread of `io`.
class Listener {
 public:
  using OnMessage = std::function<void(std::string_view channel, std::string_view payload)>;
  /// false: messages may be missed from now on; true: LISTEN is in force again, so forget what is remembered.
  using OnGap = std::function<void(bool connected)>;

  /// Connects at once, and reconnects with back-off, by itself. Throws std::invalid_argument for a bad conninfo.
  Listener(asio::io_context& io, const std::string& conninfo, std::vector<std::string> channels, OnMessage on_message,
           OnGap on_gap);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// True only when everything committed up to at most two seconds ago is known to have been heard.
  bool live() const;
  /// Ends; no callback is called from here on.
  void close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with its coroutine
};

}  // namespace ms::pg
