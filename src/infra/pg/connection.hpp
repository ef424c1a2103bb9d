#pragma once
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "infra/io/async.hpp"
#include "infra/pg/exchange.hpp"
#include "infra/pg/wire.hpp"

namespace ms::pg {

/// One connection in pipeline mode (libpq manual 34.5) that many requests share.
///
/// Statements are sent in a queue of groups, each closed by its own Sync; results come in the same order, and the Syncs
/// show where a group ends, even after errors. "Until PQgetResult gives NULL" means nothing in pipeline mode: NULL also
/// comes between two statements, and always after the connection is lost. A group is a Prepare; all statements of a
/// Transaction; or those of the read Batches of one turn of the event loop, because each Sync costs both sides a system
/// call and the server a transaction. When one of these fails, the others are sent again, each alone, so that no
/// request fails because of another. A Prepare has its own Sync so that an error in a Transaction does not roll it
/// back.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// `patience`: the server counts as hanging when no result comes for so long while something is in flight.
  Connection(asio::io_context& io, std::chrono::milliseconds patience);

  /// Throws std::runtime_error with the reason.
  static async<void> open(std::shared_ptr<Connection> self, std::shared_ptr<Resolver> resolver, Parameters parameters);
  /// Reads results until the connection is lost; gives the reason.
  static async<std::string> run(std::shared_ptr<Connection> self);

  bool is_open() const noexcept { return open_; }
  /// Statements in flight.
  std::size_t load() const noexcept { return load_; }
  /// No result came for `limit` although something is in flight.
  bool silent_for(std::chrono::milliseconds limit) const;
  /// A result came, or the connection was opened, within the last `limit`.
  bool received_within(std::chrono::milliseconds limit) const;

  /// Takes over the exchange, after begin(); it is done with its last result, by fail_connection(), or by expire().
  void send(std::shared_ptr<Exchange> exchange);
  /// Abandons the exchanges whose deadline has passed, and closes the connection when the server hangs.
  void expire(Deadline now);
  /// Fails everything in flight and closes.
  void fail_connection(std::string why);

 private:
  enum class Purpose { prepare, statements, deallocate };
  /// Statements of one exchange.
  struct Part {
    std::shared_ptr<Exchange> exchange;  ///< null for `deallocate`
    std::size_t first;                   ///< index of its first statement in the exchange
    std::size_t count;
    std::size_t received = 0;  ///< results
    bool failed = false;
  };
  struct Group {
    Purpose purpose;
    std::vector<Part> parts;
    std::size_t at = 0;     ///< the part whose results come next
    bool closed = false;    ///< its Sync is sent
    bool failed = false;    ///< a statement of it failed, so all of it was rolled back
    bool complete() const;  ///< all results have come, except for the Sync
  };

  void put(const std::shared_ptr<Exchange>& exchange, bool shares);
  bool prepare(const std::shared_ptr<Exchange>& exchange, std::size_t index);
  bool queue(const std::shared_ptr<Exchange>& exchange);
  bool queue(const Exchange::Statement& statement);
  bool add_group(Purpose purpose, Part part);
  bool close_group();
  Group* open_group();
  void deallocate_prepared();
  void flush();
  void flush_soon();
  void read_results();
  void take(ResultPtr result);
  static void on_notice(void* self, const PGresult* notice);
  void on_failure(Group& group, const PGresult* result);
  void finish_group();
  void finish(const std::shared_ptr<Exchange>& exchange);
  bool check_ok(bool ok);
  PGconn* pg() const noexcept { return wire_->get(); }

  asio::io_context& io_;
  std::shared_ptr<Wire> wire_;
  std::chrono::milliseconds patience_;
  std::deque<Group> groups_;
  std::unordered_set<std::string_view> prepared_;  ///< names, which live in constants
  Deadline progress_{};       ///< last result, or when the first statement of an empty queue was sent
  Deadline last_received_{};  ///< last result, or when it was opened
  std::size_t load_ = 0;
  std::string lost_because_;
  bool open_ = false;
  bool fails_over_ = false;  ///< the conninfo asks for a server that takes writes
  bool flush_posted_ = false;
  bool waiting_writable_ = false;
};

}  // namespace ms::pg
