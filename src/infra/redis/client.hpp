#pragma once
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "infra/io/async.hpp"
#include "infra/io/call.hpp"

// Redis makes things fast and is never the source of truth: everything here may fail at any moment, and then returns
// "unknown" instead of throwing.
// RESP2 (redis.io/docs/reference/protocol-spec), parsed by hiredis's reader. One thread, that of the io_context.
namespace ms::redis {

struct Reply {
  enum class Kind { nil, text, integer, list, error };
  Kind kind = Kind::nil;
  std::string text;  ///< of text and error
  std::int64_t integer = 0;
  std::vector<Reply> items;  ///< of list

  bool is_nil() const noexcept { return kind == Kind::nil; }
  bool is_error() const noexcept { return kind == Kind::error; }
};

/// One command in RESP form; arguments are copied.
class Command {
 public:
  template <class... A>
  explicit Command(std::string_view name, const A&... args) {
    begin(1 + sizeof...(A));
    push(name);
    (push_any(args), ...);
  }
  /// For a number of arguments known only at run time; `parts` begins with the name and is not empty.
  explicit Command(std::span<const std::string> parts) {
    begin(parts.size());
    for (const auto& part : parts) push(part);
  }
  const std::string& wire() const noexcept { return wire_; }

 private:
  void begin(std::size_t count);
  void push(std::string_view argument);
  void push_any(std::string_view argument) { push(argument); }
  template <std::integral T>
  void push_any(T number) {
    push(std::to_string(number));
  }
  std::string wire_;
};

struct Config {
  std::string host = "127.0.0.1";  ///< a host name, an address, or the path of a unix socket (begins with '/')
  int port = 6379;
  std::string user{};  ///< ACL user; empty: the default user
  std::string password{};
  int database = 0;
  std::chrono::milliseconds deadline{100};     ///< of one call
  std::chrono::milliseconds probe_every{500};  ///< reconnect or PING interval while the circuit is open
  int break_after = 5;  ///< deadlines or errors (LOADING, OOM, READONLY, MISCONF) in a row that open the circuit
  std::size_t queue_limit = 4096;  ///< commands in flight; more are answered "unknown" at once
};

struct State {
  bool up = false;
  std::size_t in_flight = 0;
  std::string error;  ///< for operators
  Deadline since{};
};

/// One pipelined connection. While the circuit is open every call returns nullopt at once; a probe in the background
/// (connect, PING, and a write, because a Redis that takes no writes is useless) closes it again.
/// Must be destroyed before the io_context; waiting callers are then resumed with nullopt.
class Client {
 public:
  Client(asio::io_context& io, Config config);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// The answer, or nullopt when Redis did not answer in time or is not reachable. Server errors that mean "not usable
  /// now" (LOADING, OOM, READONLY, MISCONF, NOAUTH, BUSY, MASTERDOWN) are nullopt too; other errors come back as
  /// Kind::error. Deadlines are noticed up to 10 ms late (one sweep for all instead of a timer for each).
  async<std::optional<Reply>> execute(const Call& call, Command command);
  /// All answers of one pipelined round trip, in order, or nullopt.
  async<std::optional<std::vector<Reply>>> execute_all(const Call& call, std::vector<Command> commands);
  /// Sends without waiting for the answer; does nothing while Redis is gone.
  void fire_and_forget(Command command);

  bool up() const noexcept;
  State state() const;
  /// Waits until connected or the deadline passes.
  async<bool> ready(Deadline deadline);
  /// Opens the circuit now, for a caller that knows that a command was lost.
  void trip(std::string_view why);
  /// Commands that must reach Redis after an outage before any other: each probe calls `pending` until it returns none,
  /// and `delivered` after Redis has run what the last `pending` returned. An error answer fails the probe. For one
  /// user (the cache); empty functions remove it.
  void before_up(std::function<std::vector<Command>()> pending, std::function<void()> delivered);
  void close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// A second connection that listens to channels. `on_message` runs on the io_context's thread; `on_gap` runs each time
/// messages may have been missed (connected, connection lost), so that caches can be invalidated. A PING every
/// `probe_every` distinguishes silence from a dead peer. The callbacks must not throw; they may call close().
class Subscriber {
 public:
  Subscriber(asio::io_context& io, Config config, std::vector<std::string> channels,
             std::function<void(std::string_view channel, std::string_view message)> on_message,
             std::function<void(bool connected)> on_gap);
  ~Subscriber();
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;
  void close();

  /// Delivers now the messages that have arrived but wait for their turn in the event loop: one system call that does
  /// not block. True when these were all: connected, and every PING is answered.
  bool catch_up();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ms::redis
