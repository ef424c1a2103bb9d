#include "apps/admin/pages/jobs.hpp"

#include "apps/admin/pages/jobs.html.hpp"
#include "features/audit/audit.hpp"
#include "infra/session/refusals.hpp"
#include "infra/web/context.hpp"

namespace ms::admin {
namespace {

constexpr std::size_t kMaxShown = 200;
constexpr auto kPermission = session::Permission::servers;

constexpr pg::Query kList{"jobs.list", R"(
  select id, kind, program = 'minschool_admin', period_seconds is not null, attempts, max_attempts, running_on, last_error,
         failed_at is not null, nullif(run_at, 'infinity')
    from jobs order by failed_at is null, running_on is null, run_at, id limit $1)"};
constexpr pg::Query kKind{"jobs.kind", "select kind from jobs where id = $1"};
constexpr pg::Query kRunNow{"jobs.run_now", R"(
  select ms_guard(coalesce(ms_run_job_now($1), false), 409, 'jobs.changed')::text)"};
constexpr pg::Query kRemoveFailed{"jobs.remove_failed", R"(
  with gone as (delete from jobs where id = $1 and failed_at is not null and period_seconds is null returning 1)
  select ms_guard(exists (select from gone), 409, 'jobs.changed')::text)"};

/// An act of staff on one job.
struct Act {
  pg::Query query;
  std::string_view action;  ///< in the audit log
  Msg flash;
};
constexpr Act kRun{kRunNow, "job_run", "flash.job_runs"_msg};
constexpr Act kRemove{kRemoveFailed, "job_remove", "flash.job_removed"_msg};

async<http::Response> show_jobs(web::Context& ctx, pg::Db& db) {
  pg::Batch batch = db.batch(ctx.call, pg::Lane::slow);
  const auto handle = batch.add<JobRow>(kList, kMaxShown + 1);
  co_await batch.send();
  auto jobs = handle.all();
  const bool more = jobs.size() > kMaxShown;
  if (more) jobs.pop_back();
  const JobsPage page{jobs, more, ctx.viewer.may(kPermission)};
  co_return ctx.page({tr("jobs.title"_msg)}, [&](view::Out& out) { jobs_page(out, page); });
}

async<Result<void>> act_on(const web::Context& ctx, pg::Db& db, write::Writer& writer, const Act& act) {
  write::Write write = writer.begin(ctx.call, ctx.viewer);
  if (write.replayed()) co_return Result<void>();
  if (!ctx.viewer.may(kPermission)) co_return session::forbidden();
  const auto id = ctx.params.number("id");
  pg::Batch batch = db.batch(ctx.call, pg::Lane::slow);
  const auto handle = batch.add<std::string>(kKind, id);
  co_await batch.send();
  const auto kind = handle.one();
  if (!kind) co_return fail(ErrorCode::not_found, "jobs.gone"_msg);
  write.guard_act_of_staff(kPermission);
  write.add(act.query, id);
  audit::record(write, act.action, {"job", id}, "", kind_word(*kind));
  co_return co_await write.commit({.result = write::ResultId::none(), .changes = write::Changes::nothing_shown()});
}

async<http::Response> post_act(web::Context& ctx, pg::Db& db, write::Writer& writer, const Act& act) {
  const auto done = co_await act_on(ctx, db, writer, act);
  if (!done) co_return ctx.error_response(done.error());
  co_return ctx.redirect("/jobs", act.flash);
}

}  // namespace

std::string kind_word(const std::string& kind) {
  const std::string key = "job_kind." + kind;
  const std::string word = tr(Msg{key});
  return word == key ? kind : word;
}

void add_jobs_routes(web::Router& router, pg::Db& db, write::Writer& writer) {
  router.get("/jobs", [&db](web::Context& ctx) { return show_jobs(ctx, db); });
  router.post("/jobs/{id}/run", [&](web::Context& ctx) { return post_act(ctx, db, writer, kRun); });
  router.post("/jobs/{id}/remove", [&](web::Context& ctx) { return post_act(ctx, db, writer, kRemove); });
}

}  // namespace ms::admin
