#include "features/audit/audit.hpp"

#include "features/audit/log.html.hpp"
#include "infra/core/text.hpp"
#include "infra/unicode/unicode.hpp"
#include "infra/web/context.hpp"
#include "infra/web/listing.hpp"

namespace ms::audit {
namespace {

constexpr std::size_t kPageSize = 50;
constexpr int kHistoryLimit = 100;

constexpr pg::Query kInsert{"audit.insert", R"(
  insert into audit_log (actor_id, action, subject_kind, subject_id, reason, detail) values ($1, $2, $3, $4, $5, $6))"};
// Leaves out reason and detail of acts on boards that the viewer may not read, and for everybody the detail of content
// that its author deleted (moderation, state withdrawn).
constexpr pg::Query kNewest{"audit.newest", R"(
  select a.id, a.at, a.actor_id, u.name, a.action, a.subject_kind, a.subject_id, case when closed then '' else a.reason end,
         case when closed or withdrawn then '' else a.detail end, closed
    from audit_log a join users u on u.id = a.actor_id
    left join comments c on a.subject_kind = 'comment' and c.id = a.subject_id
    left join posts p on p.id = case a.subject_kind when 'post' then a.subject_id when 'comment' then c.post_id end
    left join boards b on b.id = case a.subject_kind when 'board' then a.subject_id else p.board_id end
    cross join lateral (select
      a.subject_kind in ('board', 'post', 'comment') and coalesce(b.read_role > $3, true),
      coalesce(case a.subject_kind when 'post' then p.deleted_at is not null and p.deleted_by = p.author_id
                                   when 'comment' then c.deleted_at is not null and c.deleted_by = c.author_id end, false)) s (closed, withdrawn)
   where a.id < $1 order by a.id desc limit $2)"};
constexpr pg::Query kDeleted{"audit.deleted", "select ms_audit_deletion($1, $2, $3, $4)::text"};
constexpr pg::Query kAccess{"audit.access", R"(
  insert into audit_log (actor_id, action, subject_kind, subject_id)
  select $1, 'look', 'member', u.id from users u
   where u.id = $2 and u.id <> $1
     and not exists (select from audit_log a where a.actor_id = $1 and a.action = 'look' and a.subject_id = u.id
                        and a.at > now() - interval '1 hour'))"};
constexpr pg::Query kListAccess{"audit.list_access", R"(
  insert into audit_log (actor_id, action, subject_kind, subject_id, detail)
  select $1, 'look', 'member', 0, $2
   where not exists (select from audit_log a where a.actor_id = $1 and a.action = 'look' and a.subject_id = 0 and a.detail = $2
                        and a.at > now() - interval '1 hour'))"};
// The viewer may open the subject, so only the detail of content that its author deleted is left out.
constexpr pg::Query kHistory{"audit.history", R"(
  select a.id, a.at, a.actor_id, u.name, a.action, a.subject_kind, a.subject_id, a.reason,
         case when withdrawn then '' else a.detail end, false
    from audit_log a join users u on u.id = a.actor_id
    cross join (select $1 = 'post' and exists (select from posts where id = $2 and deleted_at is not null and deleted_by = author_id)
                    or $1 = 'comment' and exists (select from comments where id = $2 and deleted_at is not null and deleted_by = author_id)
               ) s (withdrawn)
   where a.subject_kind = $1 and a.subject_id = $2 order by a.id desc limit $3)"};

async<http::Response> show_log(web::Context& ctx, pg::Db& db) {
  const auto before = ctx.query().number("before").value_or(INT64_MAX);
  pg::Batch batch = db.batch(ctx.call, pg::Lane::slow);
  const auto handle = batch.add<Entry>(kNewest, before, kPageSize + 1,
                                       ctx.viewer.rank());  // one more than shown, to know of a next page
  co_await batch.send();
  auto entries = handle.all();
  const bool more = entries.size() > kPageSize;
  if (more) entries.pop_back();
  const web::PageLinks links = web::page_links("/audit", ctx.query(), more, entries.empty() ? 0 : entries.back().id);
  co_return ctx.page({tr("audit.title"_msg)}, [&](view::Out& out) { log(out, {entries, links, ctx.viewer, ctx.now}); });
}

}  // namespace

Result<std::string> reason_of(std::string_view typed) {
  const unicode::Text reason(trim(typed));
  const bool fits = unicode::visible(reason) && code_points(reason) <= kReasonLimit;
  if (fits && reason.pure()) return reason.text();
  const Msg why = reason.pure() ? "audit.reason_wrong"_msg : "audit.reason_characters"_msg;
  return Unexpected(Error(ErrorCode::invalid, "error.invalid"_msg, {{"reason", why}}));
}

Result<std::string> reason_on_site(std::string_view typed) {
  if (trim(typed).empty()) return tr("audit.deleted_on_site"_msg);
  return reason_of(typed);
}

void record(write::Write& write, std::string_view action, Subject subject, std::string_view reason,
            std::string_view detail) {
  write.add(kInsert, write.actor(), action, subject.kind, subject.id, reason, detail);
  write.audited();
}

void record_deleted(write::Write& write, Subject subject, std::string_view reason) {
  write.add(kDeleted, write.actor(), subject.kind, subject.id, reason);
  write.audited();
}

void record_access(pg::Statements& transaction, MemberId actor, MemberId member) {
  transaction.add(kAccess, actor, member);
}
void record_list_access(pg::Statements& transaction, MemberId actor, std::string_view search) {
  transaction.add(kListAccess, actor, search);
}

std::string Entry::action_word() const { return tr(Msg{"audit_action." + action}); }
std::string Entry::subject_word() const {
  if (subject_id == 0) return tr("audit.member_list"_msg);
  return tr(Msg{"audit_subject." + subject_kind}) + " " + std::to_string(subject_id);
}
std::string Entry::subject_url(const session::Viewer& viewer) const {
  if (closed || (subject_kind == "board" && !viewer.may(session::Permission::boards))) return {};
  if (subject_kind == "job") return "/jobs";
  return subject_id == 0 ? "/members" : "/" + subject_kind + "s/" + std::to_string(subject_id);
}

pg::ResultHandle<Entry> history(pg::Statements& out, Subject subject) {
  return out.add<Entry>(kHistory, subject.kind, subject.id, kHistoryLimit);
}

void add_admin_routes(web::Router& router, pg::Db& db) {
  router.get("/audit", [&db](web::Context& ctx) { return show_log(ctx, db); });
}

}  // namespace ms::audit
