#pragma once
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "infra/core/result.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/pg/codec.hpp"

// PostgreSQL by libpq in pipeline mode (libpq manual 34.5). A few connections per thread are shared by all
// requests: the statements of a Batch or a Transaction share one Sync, so they are one implicit transaction and one
// write to the socket, and their failure does not affect other requests. BEGIN is never sent. All of it belongs to the
// thread of the io_context that is given to Db.
namespace ms::pg {

/// A statement with a name for logs and pg_prepared_statements; constants in a feature's store.cpp: both texts must
/// live as long as the process. A name means one text only; send() throws std::logic_error otherwise.
struct Query {
  const char* name;
  const char* sql;
};

/// `fast` answers pages; `slow` has its own connection and a longer statement_timeout (admin lists, search).
enum class Lane { fast, slow };

/// The database is gone, the deadline passed, or the queue is full.
class Unavailable : public std::runtime_error {
 public:
  Unavailable(const std::string& what, bool outcome_unknown)
      : std::runtime_error(what), outcome_unknown_(outcome_unknown) {}
  /// True when the statements may have run: a write must not be repeated blindly.
  bool outcome_unknown() const noexcept { return outcome_unknown_; }

 private:
  bool outcome_unknown_;
};

/// A statement failed for a reason that is a bug of ours (syntax, type, right).
class StatementFailed : public std::runtime_error {
 public:
  StatementFailed(const std::string& what, std::string sqlstate)
      : std::runtime_error(what), sqlstate_(std::move(sqlstate)) {}
  const std::string& sqlstate() const noexcept { return sqlstate_; }

 private:
  std::string sqlstate_;
};

class Exchange;  // the statements of one round trip and their results (exchange.hpp)

/// Gives the rows of one statement after send() or commit(). Valid while its Batch or Transaction lives.
template <class Row>
class ResultHandle {
 public:
  ResultHandle(const Exchange& exchange, std::size_t index) noexcept : exchange_(&exchange), index_(index) {}

  std::vector<Row> all() const {
    const Rows rows = rows_of(*exchange_, index_);
    std::vector<Row> out;
    out.reserve(static_cast<std::size_t>(rows.size()));
    for (int r = 0; r < rows.size(); ++r) out.push_back(decode<Row>(rows, r));
    return out;
  }
  /// The first row, or nothing.
  std::optional<Row> one() const {
    const Rows rows = rows_of(*exchange_, index_);
    if (rows.size() == 0) return std::nullopt;
    return decode<Row>(rows, 0);
  }
  /// How many rows an INSERT, UPDATE or DELETE affected.
  std::int64_t affected() const { return affected_by(*exchange_, index_); }

 private:
  const Exchange* exchange_;
  std::size_t index_;
};

/// For statements whose rows are not read.
struct None {};

/// Statements collected for one round trip. Parameters are copied when added.
class Statements {
 public:
  Statements(const Statements&) = delete;
  Statements& operator=(const Statements&) = delete;

  template <class Row = None, class... P>
  ResultHandle<Row> add(const Query& query, const P&... params) {
    std::vector<Param> values;
    values.reserve(sizeof...(P));
    (values.push_back(encode(params)), ...);
    return add_encoded<Row>(query, std::move(values));
  }
  /// The same with parameters that are encoded already.
  template <class Row>
  ResultHandle<Row> add_encoded(const Query& query, std::vector<Param> values) {
    return ResultHandle<Row>(*exchange_, push(query, std::move(values)));
  }

 protected:
  explicit Statements(std::shared_ptr<Exchange> exchange) noexcept : exchange_(std::move(exchange)) {}
  ~Statements() = default;
  std::size_t push(const Query& query, std::vector<Param> values);
  std::shared_ptr<Exchange> exchange_;
};

class Db;

/// Reads, in one round trip; after a lost connection they are sent again. A statement that fails makes send() throw.
class Batch : public Statements {
 public:
  /// Throws Unavailable or StatementFailed.
  async<void> send();

 private:
  friend class Db;
  Batch(Db& db, const Call& call, Lane lane, bool shares);
  Db& db_;
  const Call& call_;
  Lane lane_;
};

class Transaction;  // infra/pg/transaction.hpp

struct Config {
  /// libpq conninfo or URI; several hosts with target_session_attrs=read-write fail over (libpq 34.1.1).
  std::string conninfo;
  int fast_connections = 2;
  int slow_connections = 1;                       ///< 0: slow statements use the fast lane
  std::chrono::milliseconds fast_timeout{2000};   ///< statement_timeout of the fast lane
  std::chrono::milliseconds slow_timeout{10000};  ///< statement_timeout of the slow lane
  std::size_t queue_limit = 512;                  ///< statements waiting or in flight per connection; more fail
  /// Plans each statement once for each connection, without regard to the values of its parameters (plan_cache_mode).
  /// Otherwise PostgreSQL plans again whenever the values make a plan look cheaper, as an array of one element does.
  bool generic_plans = false;
};

/// What /health and the monitor show; read from memory.
struct State {
  bool up = false;         ///< at least one fast connection is ready and has answered recently
  bool back_soon = false;  ///< not up, but lost so recently that statements wait for a new connection
  int connections = 0;     ///< open
  int wanted = 0;          ///< that should be open
  int busy = 0;            ///< of the open ones, with statements in flight
  int in_flight = 0;
  int waiting = 0;
  std::string error;  ///< why it is down, for operators
  Deadline since{};   ///< when `up` last changed
};

/// One per thread. Connects by itself, and reconnects with back-off.
class Db {
 public:
  Db(asio::io_context& io, Config config);
  ~Db();
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;

  Batch batch(const Call& call, Lane lane = Lane::fast) { return Batch(*this, call, lane, false); }
  /// For statements that change and lock nothing. They share a transaction with other requests' reads of the same turn
  /// of the event loop, which under load saves PostgreSQL a tenth of its work; a failing one still fails alone.
  Batch reads(const Call& call, Lane lane = Lane::fast) { return Batch(*this, call, lane, true); }
  /// Of a program itself: what a request asks for is changed by a write::Write (tools/check_layers).
  Transaction transaction(const Call& call, Lane lane = Lane::fast);

  /// Waits until the first connection is ready; false when the deadline passes first.
  async<bool> ready(Deadline deadline);
  State state() const;
  /// Closes all connections; waiting callers get Unavailable.
  void close();

 private:
  friend class Batch;
  friend class Transaction;
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the coroutines that keep the connections up
};

}  // namespace ms::pg
