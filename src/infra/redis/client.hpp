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

// Redis is speed, never truth: everything here may fail at any moment and then says "unknown" instead of throwing.
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
  /// For a number of arguments known only when it runs; `parts` holds the name first and is not empty.
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

/// One pipelined connection. While the circuit is open every ask returns nullopt at once; a probe in the background
/// (connect, PING, and a write, since a Redis that cannot be written to is no use) closes it again.
/// Must be destroyed before the io_context; what waits then is resumed with nullopt.
class Client {
 public:
  Client(asio::io_context& io, Config config);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// The answer, or nullopt when Redis did not answer in time or is not there. Server errors that mean "not usable now"
  /// (LOADING, OOM, READONLY, MISCONF, NOAUTH, BUSY, MASTERDOWN) are nullopt too; other errors come back as
  /// Kind::error. Deadlines are seen up to 10 ms late (one sweep for all instead of a timer for each).
  async<std::optional<Reply>> execute(const Call& call, Command command);
  /// All answers of one pipelined round trip, in order, or nullopt.
  async<std::optional<std::vector<Reply>>> execute_all(const Call& call, std::vector<Command> commands);
  /// Sends and forgets; silently nothing while Redis is gone.
  void fire_and_forget(Command command);

  bool up() const noexcept;
  State state() const;
  /// Waits until connected or the deadline passes.
  async<bool> ready(Deadline deadline);
  /// Opens the circuit now, for a caller who knows that something it sent got lost.
  void trip(std::string_view why);
  /// What must reach Redis after an outage before anyone may ask it again: each probe calls `owed` until it gives
  /// nothing, and `delivered` after Redis carried out what the last `owed` gave. An error answer fails the probe.
  /// One user (the cache); empty functions take it back.
  void before_up(std::function<std::vector<Command>()> owed, std::function<void()> delivered);
  void close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// A second connection that listens to channels. `on_message` runs on the io_context's thread; `on_gap` runs each time
/// the stream of messages may have a hole (connected, connection lost), so that what was cached can be dropped.
/// Silence is told from a dead peer by a PING every `probe_every`. The callbacks must not throw; they may call close().
class Subscriber {
 public:
  Subscriber(asio::io_context& io, Config config, std::vector<std::string> channels,
             std::function<void(std::string_view channel, std::string_view message)> on_message,
             std::function<void(bool connected)> on_gap);
  ~Subscriber();
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;
  void close();

  /// Hands on now what has arrived but waits for its turn in the event loop: one system call that does not wait. True
  /// when that was everything: connected, and no PING is without an answer.
  bool catch_up();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ms::redis
