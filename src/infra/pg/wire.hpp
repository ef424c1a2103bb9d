#pragma once
#include <libpq-fe.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/io/resolver.hpp"
#include "infra/io/use_awaitable.hpp"

namespace ms::pg {

struct ResultDeleter {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ResultDeleter>;

struct ConnectionDeleter {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
using ConnectionPtr = std::unique_ptr<PGconn, ConnectionDeleter>;

/// libpq's last error, as one line.
std::string last_error(const PGconn* connection);

/// A conninfo taken apart, so that our settings can be added to it and need no round trip of their own.
class Parameters {
 public:
  /// Throws std::invalid_argument with libpq's message. Adds what all our connections have: UTF-8, our name in
  /// pg_stat_activity, and TCP limits that let us notice a dead server within seconds, and the server a dead client.
  Parameters(const std::string& conninfo, std::string_view application_name);

  void set(std::string_view keyword, std::string value) { values_.insert_or_assign(std::string(keyword), value); }
  /// A server setting (`-c name=value` in libpq's "options"); the value must not hold spaces.
  void add_setting(std::string_view name, std::string_view value);
  std::string get(std::string_view keyword) const;
  /// How long connecting may take in total: two seconds for each host.
  std::chrono::milliseconds connect_limit() const;

  /// Starts connecting. libpq looks up host names here and blocks during that (libpq manual 34.1,
  /// PQconnectStartParams): see with_addresses().
  ConnectionPtr start() const;
  /// Connects and waits. For the command line only.
  ConnectionPtr connect_blocking() const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

/// A libpq connection whose socket Asio watches. The descriptor is a duplicate: libpq closes its own, Asio this one.
/// All of it belongs to the thread of the io_context.
class Wire {
 public:
  explicit Wire(asio::io_context& io) : descriptor_(io.get_executor()), timer_(io.get_executor()) {}
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// Throws std::runtime_error with the reason when there is no connection within Parameters::connect_limit(), after as
  /// much time for looking up the hosts.
  static async<void> connect(std::shared_ptr<Wire> self, std::shared_ptr<Resolver> resolver, Parameters parameters);

  enum class Event { readable, writable };
  /// False when the deadline passed first or the wire was closed. Deadline::max() needs no timer.
  static async<bool> wait(std::shared_ptr<Wire> self, Event event, Deadline until);
  /// `then(bool ready)` is called once, later.
  template <class F>
  void when(Event event, F then) {
    descriptor_.async_wait(type_of(event),
                           [then = std::move(then)](const boost::system::error_code& error) mutable { then(!error); });
  }

  PGconn* get() const noexcept { return connection_.get(); }
  bool closed() const noexcept { return closed_; }
  void close();

 private:
  using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;
  static Descriptor::wait_type type_of(Event event) noexcept {
    return event == Event::readable ? Descriptor::wait_read : Descriptor::wait_write;
  }
  void watch();

  ConnectionPtr connection_;
  Descriptor descriptor_;
  io::Timer timer_;
  bool closed_ = false;
};

}  // namespace ms::pg
