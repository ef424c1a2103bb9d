#include "features/audit/audit.hpp"

#include "features/audit/log.html.hpp"
#include "infra/core/text.hpp"
#include "infra/web/context.hpp"
#include "infra/web/listing.hpp"

namespace ms::audit {
namespace {

constexpr std::size_t kPageSize = 50;
constexpr int kHistoryLimit = 100;

constexpr pg::Query kInsert{"audit.insert", R"(
  insert into audit_log (actor_id, action, subject_kind, subject_id, reason, detail) values ($1, $2, $3, $4, $5, $6))"};
constexpr pg::Query kNewest{"audit.newest", R"(
  select a.id, a.at, a.actor_id, u.name, a.action, a.subject_kind, a.subject_id, a.reason, a.detail
    from audit_log a join users u on u.id = a.actor_id
   where a.id < $1 order by a.id desc limit $2)"};
constexpr pg::Query kHistory{"audit.history", R"(
  select a.id, a.at, a.actor_id, u.name, a.action, a.subject_kind, a.subject_id, a.reason, a.detail
    from audit_log a join users u on u.id = a.actor_id
   where a.subject_kind = $1 and a.subject_id = $2 order by a.id desc limit $3)"};

async<http::Response> show_log(web::Context& ctx, pg::Db& db) {
  const auto before = ctx.query().number("before").value_or(INT64_MAX);
  pg::Batch batch = db.batch(ctx.call, pg::Lane::slow);
  const auto slot =
      batch.add<Entry>(kNewest, before, kPageSize + 1);  // one more than shown: whether there is a next page
  co_await batch.send();
  auto entries = slot.all();
  const bool more = entries.size() > kPageSize;
  if (more) entries.pop_back();
  const web::Steps steps = web::steps("/audit", ctx.query(), more, entries.empty() ? 0 : entries.back().id);
  co_return ctx.page({tr("audit.title"_msg)}, [&](view::Out& out) { log(out, entries, steps, ctx.now); });
}

}  // namespace

Result<std::string> reason_of(std::string_view typed) {
  const auto reason = trim(typed);
  if (!reason.empty() && code_points(reason) <= kReasonLimit && !has_control(reason)) return std::string(reason);
  return Refused(Error(Code::invalid, "error.invalid"_msg, {{"reason", "audit.reason_wrong"_msg}}));
}

void record(pg::Statements& unit, UserId actor, std::string_view action, Subject subject, std::string_view reason,
            std::string_view detail) {
  unit.add(kInsert, actor, action, subject.kind, subject.id, reason, detail);
}

std::string Entry::action_word() const { return tr(Msg{"audit_action." + action}); }
std::string Entry::subject_word() const {
  return tr(Msg{"audit_subject." + subject_kind}) + " " + std::to_string(subject_id);
}
std::string Entry::subject_url() const { return "/" + subject_kind + "s/" + std::to_string(subject_id); }

pg::Slot<Entry> history(pg::Statements& out, Subject subject) {
  return out.add<Entry>(kHistory, subject.kind, subject.id, kHistoryLimit);
}

void add_admin_routes(web::Router& router, pg::Db& db) {
  router.get("/audit", [&db](web::Context& ctx) { return show_log(ctx, db); });
}

}  // namespace ms::audit
