#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "infra/core/id.hpp"
#include "infra/core/result.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/pg/db.hpp"
#include "infra/session/viewer.hpp"
#include "infra/write/changes.hpp"
#include "infra/write/local_id.hpp"

namespace ms::cache {
class RedisCache;
}
namespace ms::live {
class Publisher;
}

// The only way for a request to change the database. A Write collects the statements, the rights that they need, the
// entry of the audit log and the notifications; commit() adds the idempotency key, runs everything in one transaction
// and one round trip, and publishes the changes afterwards. An omitted step does not compile, or throws
// std::logic_error in every build. Features cannot open another transaction (tools/check_layers).
namespace ms::write {

class Write;

/// Begins writes, and holds what they invalidate and publish with. One per thread.
class Writer {
 public:
  Writer(pg::Db& db, cache::RedisCache& cache, live::Publisher& publisher)
      : db_(db), cache_(cache), publisher_(publisher) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// `viewer`: whose write it is; a guest where no login is needed.
  Write begin(const Call& call, const session::Viewer& viewer);

  /// Each is set once, by the owner of the cached notifications and of the sessions.
  void when_notified(std::function<async<void>(const Call&, std::vector<MemberId>)> invalidate) {
    when_notified_ = std::move(invalidate);
  }
  void when_rights_change(std::function<async<void>(const Call&, MemberId)> invalidate) {
    when_rights_change_ = std::move(invalidate);
  }

 private:
  friend class Write;
  pg::Db& db_;
  cache::RedisCache& cache_;
  live::Publisher& publisher_;
  std::function<async<void>(const Call&, std::vector<MemberId>)> when_notified_;
  std::function<async<void>(const Call&, MemberId)> when_rights_change_;
};

/// A row that a write inserts: its result after commit(), and its id for the statements after it.
template <class Id, class Row>
struct Inserted {
  pg::ResultHandle<Row> row;
  LocalId<Id> id;
};

/// Rows that a write changes: their results after commit(), and their ids for the statements after it.
template <class Id, class Row>
struct Changed {
  pg::ResultHandle<Row> rows;
  LocalIds<Id> ids;
};

class Write {
 public:
  Write(const Write&) = delete;
  Write& operator=(const Write&) = delete;
  ~Write();

  /// The result of an earlier request with the same idempotency key: the write is already done, and the response uses
  /// that result. 0: the write created no row. Every write calls this first.
  std::optional<std::int64_t> replayed();

  MemberId actor() const noexcept { return actor_; }

  /// As pg::Statements::add. The handle holds the results after commit().
  template <class Row = pg::None, class... P>
  pg::ResultHandle<Row> add(const pg::Query& query, const P&... params) {
    return statements().add<Row>(query, params...);
  }
  /// For functions that take pg::Statements, of this and other features.
  operator pg::Statements&() { return statements(); }

  /// Adds an insert of one row. Its $1 is a variable's name, and its first column is `ms_set_local_id($1, id)`.
  template <class Id, class Row = Id, class... P>
  Inserted<Id, Row> insert(const pg::Query& query, const P&... params) {
    const LocalId<Id> id(next_variable());
    return {add<Row>(query, id, params...), id};
  }
  /// Adds a statement that changes rows. Its $1 is a variable's name, and it stores their ids by `ms_set_local_ids($1,
  /// array_agg(id))`.
  template <class Id, class Row, class... P>
  Changed<Id, Row> change(const pg::Query& query, const P&... params) {
    const LocalIds<Id> ids(next_variable());
    return {add<Row>(query, ids, params...), ids};
  }

  // Rights are checked inside the transaction; each write of a member needs such a check (infra/session/guard.hpp has
  // their order).

  /// Unexpected when the actor is no longer a member (401) or is suspended (403).
  void guard_member();
  /// The same, and also when the actor lacks the permission (403).
  void guard_permission(session::Permission permission);
  /// The same for an act of staff on somebody else's content or account: it needs an entry in the audit log.
  void guard_act_of_staff(session::Permission permission);
  /// Adds a statement that checks rights itself.
  template <class... P>
  void guard(const pg::Query& query, const P&... params) {
    add(query, params...);
    guarded_ = true;
  }
  /// Declares that a statement of this write adds the entry of the audit log (features/audit).
  void audited() noexcept { audited_ = true; }

  /// Adds a statement that notifies members and returns their ids. These statements run last in every transaction, so
  /// that two transactions cannot deadlock on members; the members' notifications are invalidated after the commit.
  template <class... P>
  void notify(const pg::Query& query, const P&... params) {
    notifications_.push_back({query, {pg_param(params)...}});
  }
  /// Adds members whose notifications another statement changes; `members` is called after the commit.
  void notifies(std::function<std::vector<MemberId>()> members) { notified_.push_back(std::move(members)); }

  /// Runs the transaction. Unexpected as pg::Transaction::commit: then nothing is changed or published. Throws
  /// pg::Unavailable; when the outcome is unknown, it publishes what may have changed all the same, but not what
  /// follows only from results: topics of Changes::of_results and notifications, which caches show when their time to
  /// live ends and streams with the next sweep.
  async<Result<void>> commit(Plan plan);

 private:
  friend class Writer;
  struct Notification {
    pg::Query query;
    std::vector<pg::Param> params;
  };
  template <class P>
  static pg::Param pg_param(const P& param) {
    using pg::encode;
    return encode(param);
  }

  Write(Writer& writer, const Call& call, MemberId actor);
  pg::Statements& statements();
  std::string next_variable();
  void check() const;
  void complete(const Plan& plan);
  async<void> publish(const Changes& changes, bool committed);
  std::vector<MemberId> notified() const;

  Writer& writer_;
  const Call& call_;
  MemberId actor_;
  std::unique_ptr<pg::Transaction> transaction_;  // features cannot open one themselves (tools/check_layers)
  std::vector<Notification> notifications_;
  std::vector<std::function<std::vector<MemberId>()>> notified_;
  int variables_ = 0;
  bool replay_asked_ = false;
  bool begun_ = false;
  bool committed_ = false;
  bool guarded_ = false;
  bool act_of_staff_ = false;
  bool audited_ = false;
};

}  // namespace ms::write
