#include "infra/write/write.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <stdexcept>

#include "infra/cache/redis_cache.hpp"
#include "infra/idempotency/idempotency.hpp"
#include "infra/live/publisher.hpp"
#include "infra/pg/transaction.hpp"
#include "infra/session/guard.hpp"
#include "infra/session/sessions.hpp"

namespace ms::write {
namespace {

constexpr pg::Query kNotifyServers{"write.notify_servers", "select pg_notify($1, '')::text"};
constexpr pg::Query kMemberChanged{"write.member_changed", "select ms_raise_session_epoch($1)::text"};

}  // namespace

Write Writer::begin(const Call& call, const session::Viewer& viewer) { return Write(*this, call, viewer.id); }

Write::Write(Writer& writer, const Call& call, MemberId actor)
    : writer_(writer), call_(call), actor_(actor), transaction_(new pg::Transaction(writer.db_.transaction(call))) {}

Write::~Write() {
  if (begun_ && !committed_ && std::uncaught_exceptions() == 0) {
    spdlog::error("request {}: a write was begun and never committed", call_.request_id());
  }
}

std::optional<std::int64_t> Write::replayed() {
  replay_asked_ = true;
  return idempotency::previous_result(call_);
}

pg::Statements& Write::statements() {
  begun_ = true;
  return *transaction_;
}

std::string Write::next_variable() { return "id_" + std::to_string(++variables_); }

void Write::guard_member() {
  session::guard_member(statements(), actor_);
  guarded_ = true;
}
void Write::guard_permission(session::Permission permission) {
  session::guard_permission(statements(), actor_, permission);
  guarded_ = true;
}
void Write::guard_act_of_staff(session::Permission permission) {
  guard_permission(permission);
  act_of_staff_ = true;
}

/// Checks what the compiler cannot. Each failure is a bug of the feature, which the first test of the write finds.
void Write::check() const {
  const auto demand = [](bool holds, const char* what) {
    if (!holds) throw std::logic_error(std::string("write: ") + what);
  };
  demand(!committed_, "it is committed already");
  demand(replay_asked_, "replayed() was not asked");
  demand(begun_, "there is no statement");
  demand(!actor_ || guarded_, "no right is asked in the transaction");
  demand(!act_of_staff_ || audited_, "an act of staff is not in the audit log");
  demand((notifications_.empty() && notified_.empty()) || writer_.when_notified_, "nobody invalidates notifications");
}

/// Adds what belongs to every write. Notifications are locked last.
void Write::complete(const Plan& plan) {
  const Changes& changes = plan.changes;
  if (changes.rights_ && !writer_.when_rights_change_) throw std::logic_error("write: nobody invalidates sessions");
  if (!changes.channel_.empty()) add(kNotifyServers, changes.channel_);
  if (changes.ended_except_) {
    session::Sessions::add_revoke_all(*transaction_, changes.member_, *changes.ended_except_);
  } else if (changes.member_) {
    add(kMemberChanged, changes.member_);
  }
  idempotency::record(*transaction_, call_, actor_, plan.result.reference_);
  for (const Notification& notification : notifications_) {
    notified_.emplace_back([members = transaction_->add_encoded<MemberId>(notification.query, notification.params)] {
      return members.all();
    });
  }
}

async<Result<void>> Write::commit(Plan plan) {
  check();
  complete(plan);
  committed_ = true;
  pg::Transaction& transaction = *transaction_;
  Result<void> done;
  std::exception_ptr unknown_outcome;
  try {
    done = co_await transaction.commit();
  } catch (const pg::Unavailable& failure) {
    if (!failure.outcome_unknown()) throw;
    unknown_outcome = std::current_exception();
  }
  if (!done) co_return done;
  co_await publish(plan.changes, !unknown_outcome);
  if (unknown_outcome) std::rethrow_exception(unknown_outcome);
  co_return done;
}

/// Each member once, in ascending order.
std::vector<MemberId> Write::notified() const {
  std::vector<MemberId> out;
  for (const auto& members : notified_) {
    const auto more = members();
    out.insert(out.end(), more.begin(), more.end());
  }
  std::ranges::sort(out);
  const auto [first, last] = std::ranges::unique(out);
  out.erase(first, last);
  return out;
}

/// Topics are sent behind the first Redis command that is awaited here: their subscribers read the new state.
async<void> Write::publish(const Changes& changes, bool committed) {
  std::vector<live::Topic> topics = changes.topics_;
  if (committed && changes.topics_of_results_) topics = changes.topics_of_results_();
  for (const live::Topic& topic : topics) writer_.publisher_.publish(topic);
  if (!changes.cache_keys_.empty()) co_await writer_.cache_.invalidate(call_, changes.cache_keys_);
  if (changes.rights_) co_await writer_.when_rights_change_(call_, changes.member_);
  if (!committed) co_return;
  auto members = notified();
  if (!members.empty()) co_await writer_.when_notified_(call_, std::move(members));
}

}  // namespace ms::write
