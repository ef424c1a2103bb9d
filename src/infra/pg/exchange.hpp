#pragma once
#include <boost/asio/post.hpp>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/pg/db.hpp"
#include "infra/pg/errors.hpp"
#include "infra/pg/wire.hpp"

namespace ms::pg {

/// The statements of one round trip, their results, and the coroutine that waits for them.
///
/// Owned by its Batch or Transaction and by the connection that sends it: when the caller's deadline passes, the caller
/// goes on and the connection keeps the Exchange until the results have come, because results are matched by order.
class Exchange {
 public:
  enum class Kind { batch, reads, transaction };
  struct Statement {
    Query query;
    std::vector<Param> values;
  };

  Exchange(asio::io_context& io, Kind kind) : executor_(io.get_executor()), kind_(kind) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // --- the caller's side
  std::size_t add(const Query& query, std::vector<Param> values);
  const std::vector<Statement>& statements() const noexcept { return statements_; }
  Kind kind() const noexcept { return kind_; }
  /// Call before each attempt: discards the results of the last one.
  void begin(Deadline deadline);
  /// Resumes once, later, when the exchange is done. Await it once after each begin().
  async<void> done();
  /// The connection was lost while this was in flight.
  bool was_lost() const noexcept { return lost_; }
  /// The server rolled it back for a reason that no longer holds.
  bool may_be_repeated() const noexcept {
    return abandoned_.empty() && failure_ &&
           (failure_->kind == Failure::Kind::stale || failure_->kind == Failure::Kind::conflicted);
  }
  /// The first error of the server in this attempt.
  const std::optional<Failure>& failure() const noexcept { return failure_; }
  /// Throws Unavailable when no complete answer came, and when the server reports a time limit.
  void check_available() const;
  /// A statement of the last attempt removed content that guests could see.
  bool purge() const noexcept { return purge_; }
  /// The result of a statement; throws std::logic_error unless the exchange succeeded.
  const PGresult* result(std::size_t index) const;

  // --- the connection's side
  Deadline deadline() const noexcept { return deadline_; }
  bool is_done() const noexcept { return done_; }
  /// From here on a Transaction without an answer has an unknown outcome. `answers`: how many Syncs are to come.
  void sent(std::size_t answers);
  void set_result(std::size_t index, ResultPtr result);
  /// A statement raised the notice of ms_purge.
  void notice_purge() noexcept { purge_ = true; }
  /// True when this is the first failure of the attempt.
  bool fail(Failure failure);
  /// One Sync came; true with the last.
  bool answered();
  /// No answer will come, or the caller no longer waits for it.
  void abandon(std::string why, bool lost);

 private:
  void resume();

  asio::io_context::executor_type executor_;
  Kind kind_;
  std::vector<Statement> statements_;
  std::vector<ResultPtr> results_;
  std::optional<Failure> failure_;
  std::string abandoned_;  ///< why there is no answer
  std::move_only_function<void()> waiter_;
  Deadline deadline_{};
  std::size_t answers_ = 0;  ///< Syncs still to come
  bool sent_ = false;
  bool lost_ = false;
  bool done_ = false;
  bool purge_ = false;
};

}  // namespace ms::pg
