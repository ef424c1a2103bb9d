#include "infra/jobs/store.hpp"

#include <algorithm>
#include <cmath>

#include "infra/jobs/jobs.hpp"

namespace ms::jobs {
namespace {

constexpr pg::Query kGuardRoom{"jobs.guard_room", R"(
  select ms_guard((select count(*) from (select from jobs where program = current_user and kind = $1 and failed_at is null
                                           limit $2::bigint) q) < $2::bigint, 503, 'jobs.full')::text)"};
constexpr pg::Query kAdd{"jobs.add", R"(
  insert into jobs (kind, payload, unique_key, run_at, max_attempts, period_seconds)
  values ($1, $2, $3, coalesce($4::timestamptz, now()), $5, $6)
  on conflict (program, unique_key) do update set period_seconds = excluded.period_seconds
   where jobs.period_seconds is distinct from excluded.period_seconds)"};

// A lease instead of a lock, because long work must not hold a transaction open. The lease ends at run_at, so that one
// index finds new jobs, jobs to retry and jobs of killed servers.
constexpr pg::Query kClaim{"jobs.claim", R"(
  update jobs set runs = runs + 1, attempts = attempts + 1, running_on = $3,
         unique_key = case when period_seconds is not null then unique_key end,
         run_at = now() + make_interval(secs => ($2::bigint[])[array_position($1::text[], kind)])
   where id = (select id from jobs where program = current_user and run_at <= now() and kind = any ($1::text[])
                order by run_at limit 1 for update skip locked)
  returning id, runs, kind, payload, attempts, max_attempts, period_seconds is not null)"};
constexpr pg::Query kRemove{"jobs.remove", "delete from jobs where id = $1 and runs = $2"};
// Periods begin at the same moments on all servers, independent of when a server started.
constexpr pg::Query kWaitForPeriod{"jobs.wait_for_period", R"(
  update jobs set running_on = null, attempts = 0, payload = '', last_error = $3::text,
         failed_at = case when $3::text is not null then now() end,
         run_at = least(
           date_bin(make_interval(secs => period_seconds), now(), 'epoch') + make_interval(secs => period_seconds),
           case when $3::text is not null then now() + interval '10 minutes' end)
   where id = $1 and runs = $2)"};
constexpr pg::Query kNextSlice{"jobs.next_slice", R"(
  update jobs set running_on = null, attempts = 0, payload = $3, run_at = now() + $4::bigint * interval '1 millisecond'
   where id = $1 and runs = $2)"};
constexpr pg::Query kRetry{"jobs.retry", R"(
  update jobs set running_on = null, last_error = $3, run_at = now() + $4::bigint * interval '1 millisecond'
   where id = $1 and runs = $2)"};
constexpr pg::Query kFail{"jobs.fail", R"(
  update jobs set running_on = null, last_error = $3, failed_at = now(), run_at = 'infinity' where id = $1 and runs = $2)"};
constexpr pg::Query kCounts{"jobs.counts", R"(
  select kind, count(*) filter (where running_on is null and failed_at is null), count(*) filter (where running_on is not null),
         count(*) filter (where failed_at is not null)
    from jobs where program = current_user group by kind)"};
constexpr pg::Query kRemoveStale{"jobs.remove_stale", R"(
  delete from jobs where id in (
    select id from jobs
     where program = current_user and (run_at = 'infinity' and failed_at < now() - interval '30 days'
                                       or period_seconds is not null and run_at < now() - interval '1 day')
     limit 1000))"};

/// PostgreSQL's array notation of names that need no quotes.
std::string array_of(const std::vector<std::string_view>& names) {
  std::string out = "{";
  for (const std::string_view name : names) out.append(out.size() > 1 ? "," : "").append(name);
  return out + "}";
}

}  // namespace

void enqueue(pg::Statements& transaction, const Job& job) {
  std::optional<std::int64_t> period;
  if (job.period) period = job.period->count();
  transaction.add(kGuardRoom, job.kind, kMaxQueued);
  transaction.add(kAdd, job.kind, job.payload, job.unique_key, job.run_at, job.max_attempts, period);
}

std::chrono::milliseconds pause_after(int attempts, double chance) {
  constexpr double kFirstMs = 10'000;
  constexpr double kMaxMs = 3'600'000;
  const double pause = std::min(kMaxMs, kFirstMs * std::exp2(std::clamp(attempts, 1, 20) - 1));
  return std::chrono::milliseconds(std::llround(pause * (1 + chance / 4)));
}

async<bool> remove_stale(pg::Db& db, const Call& call) {
  pg::Batch batch = db.batch(call, pg::Lane::slow);
  const auto handle = batch.add(kRemoveStale);
  co_await batch.send();
  co_return handle.affected() > 0;
}

namespace store {

pg::ResultHandle<ClaimedJob> claim(pg::Statements& out, const std::vector<std::string_view>& kinds,
                                   const std::vector<std::int64_t>& lease_seconds, std::string_view server) {
  return out.add<ClaimedJob>(kClaim, array_of(kinds), lease_seconds, server);
}
void remove(pg::Statements& out, const ClaimedJob& job) { out.add(kRemove, job.id, job.run); }
void wait_for_period(pg::Statements& out, const ClaimedJob& job, const std::optional<std::string>& error) {
  out.add(kWaitForPeriod, job.id, job.run, error);
}
void run_next_slice(pg::Statements& out, const ClaimedJob& job, std::string_view payload, std::int64_t pause_ms) {
  out.add(kNextSlice, job.id, job.run, payload, pause_ms);
}
void retry(pg::Statements& out, const ClaimedJob& job, std::string_view error, std::int64_t pause_ms) {
  out.add(kRetry, job.id, job.run, error, pause_ms);
}
void fail(pg::Statements& out, const ClaimedJob& job, std::string_view error) {
  out.add(kFail, job.id, job.run, error);
}
pg::ResultHandle<Count> counts(pg::Statements& out) { return out.add<Count>(kCounts); }

}  // namespace store
}  // namespace ms::jobs
