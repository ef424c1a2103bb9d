#include "features/servers/store.hpp"

namespace ms::servers::store {
namespace {

constexpr pg::Query kHeartbeat{"servers.heartbeat", R"(
  update server_programs p set seen_at = now(), heartbeat = $3 from servers s
   where s.id = p.server_id and s.name = $1 and p.program = $2)"};
constexpr pg::Query kAddServer{"servers.add", "insert into servers (name) values ($1) on conflict do nothing"};
constexpr pg::Query kAddProgram{"servers.add_program", R"(
  insert into server_programs (server_id, program) select id, $2 from servers where name = $1 on conflict do nothing)"};
// An hour is precise enough: servers are deleted after a month.
constexpr pg::Query kTouchServer{"servers.touch_server", R"(
  update servers set seen_at = now() where name = $1 and seen_at < now() - interval '1 hour')"};
constexpr pg::Query kIsDrained{"servers.is_drained", "select ms_server_is_drained(id) from servers where name = $1"};
constexpr pg::Query kClock{"servers.clock", "select extract(epoch from clock_timestamp())::float8"};
constexpr pg::Query kDeletePrograms{"servers.delete_programs", R"(
  delete from server_programs where seen_at < now() - interval '10 minutes')"};
constexpr pg::Query kDeleteServers{"servers.delete_servers", R"(
  delete from servers s where seen_at < now() - interval '30 days' and drained_since is null
     and not exists (select from server_programs p where p.server_id = s.id))"};

constexpr pg::Query kServerRows{"servers.rows", R"(
  select s.id, s.name, s.drained_since is not null, p.program, extract(epoch from now() - p.seen_at)::float8,
         case when p.seen_at > now() - interval '10 seconds' then p.heartbeat end
    from servers s left join server_programs p on p.server_id = s.id
   where p.seen_at > now() - interval '10 minutes' or s.drained_since is not null
   order by s.name, p.program limit 400)"};

constexpr pg::Query kDatabase{"servers.database", R"(
  select current_setting('server_version'), extract(epoch from now() - pg_postmaster_start_time())::float8,
         (select count(*) from pg_stat_activity where backend_type = 'client backend'),
         (select count(*) from pg_stat_activity where backend_type = 'client backend' and state = 'active'),
         current_setting('max_connections')::bigint, pg_database_size(d.datid), d.xact_commit + d.xact_rollback,
         d.blks_hit::float8 / nullif(d.blks_hit + d.blks_read, 0),
         (select count(*) from pg_locks where not granted), d.deadlocks,
         exists (select from pg_extension where extname = 'pg_stat_statements')
    from pg_stat_database d where d.datname = current_database())"};
constexpr pg::Query kReplicas{"servers.replicas", R"(
  select coalesce(nullif(application_name, ''), client_addr::text, ''), coalesce(state, ''),
         extract(epoch from replay_lag)::float8,
         case when not pg_is_in_recovery() then pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint end
    from pg_stat_replication order by 1 limit 20)"};
constexpr pg::Query kSlowest{"servers.slowest", R"(
  select left(regexp_replace(query, '\s+', ' ', 'g'), 200), calls, mean_exec_time, total_exec_time
    from pg_stat_statements
   where dbid = (select oid from pg_database where datname = current_database()) and calls >= 5
   order by mean_exec_time desc limit 5)"};

// date_bin(): the same ten seconds for all servers, by the database's clock.
constexpr pg::Query kHasSample{"servers.has_sample", R"(
  select exists (select from server_samples where at = date_bin('10 seconds', now(), 'epoch')))"};
constexpr pg::Query kAddSample{"servers.add_sample", R"(
  insert into server_samples (at, servers, requests, errors, p50_ms, p95_ms, p99_ms, cpu, memory, transactions,
                              connections, commands, redis_memory)
  values (date_bin('10 seconds', now(), 'epoch'), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
  on conflict do nothing)"};
constexpr pg::Query kDeleteSamples{"servers.delete_samples",
                                   "delete from server_samples where at < now() - interval '61 minutes'"};
constexpr pg::Query kSamples{"servers.samples", R"(
  select at, servers, requests, errors, p50_ms, p95_ms, p99_ms, cpu, memory, transactions, connections, commands,
         redis_memory
    from server_samples where at > now() - interval '60 minutes' order by at)"};

constexpr pg::Query kName{"servers.name", "select name from servers where id = $1"};
constexpr pg::Query kLockAll{"servers.lock_all", "select id from servers order by id for update"};
constexpr pg::Query kGuardNotLast{"servers.guard_not_last", R"(
  select ms_guard(exists (
    select from servers s join server_programs p on p.server_id = s.id and p.program = 'site'
     where s.id <> $1 and s.drained_since is null and p.seen_at > now() - interval '15 seconds'), 409, 'servers.last'))"};
constexpr pg::Query kDrain{"servers.drain", R"(
  update servers set drained_since = coalesce(drained_since, now()), drained_by = $2 where id = $1)"};
constexpr pg::Query kReturn{"servers.return", R"(
  update servers set drained_since = null, drained_by = null where id = $1)"};

}  // namespace

pg::ResultHandle<pg::None> heartbeat(pg::Statements& out, std::string_view server, std::string_view program,
                                     const std::optional<std::string>& heartbeat) {
  return out.add(kHeartbeat, server, program, heartbeat);
}
void add(pg::Statements& out, std::string_view server, std::string_view program) {
  out.add(kAddServer, server);
  out.add(kAddProgram, server, program);
}
pg::ResultHandle<bool> is_drained(pg::Statements& out, std::string_view server) {
  return out.add<bool>(kIsDrained, server);
}
pg::ResultHandle<double> clock(pg::Statements& out) { return out.add<double>(kClock); }
void touch_server(pg::Statements& out, std::string_view server) { out.add(kTouchServer, server); }
pg::ResultHandle<pg::None> delete_silent_programs(pg::Statements& out) { return out.add(kDeletePrograms); }
pg::ResultHandle<pg::None> delete_silent_servers(pg::Statements& out) { return out.add(kDeleteServers); }

pg::ResultHandle<ServerRow> server_rows(pg::Statements& out) { return out.add<ServerRow>(kServerRows); }
pg::ResultHandle<Database> database(pg::Statements& out) { return out.add<Database>(kDatabase); }
pg::ResultHandle<Replica> replicas(pg::Statements& out) { return out.add<Replica>(kReplicas); }
pg::ResultHandle<Statement> slowest(pg::Statements& out) { return out.add<Statement>(kSlowest); }

pg::ResultHandle<bool> has_sample(pg::Statements& out) { return out.add<bool>(kHasSample); }
void add_sample(pg::Statements& out, const Sample& s) {
  out.add(kAddSample, s.servers, s.requests, s.errors, s.p50_ms, s.p95_ms, s.p99_ms, s.cpu, s.memory, s.transactions,
          s.connections, s.commands, s.redis_memory);
}
pg::ResultHandle<pg::None> delete_old_samples(pg::Statements& out) { return out.add(kDeleteSamples); }
pg::ResultHandle<Sample> samples(pg::Statements& out) { return out.add<Sample>(kSamples); }

pg::ResultHandle<std::string> name(pg::Statements& out, std::int64_t id) { return out.add<std::string>(kName, id); }
void guard_not_last(pg::Statements& out, std::int64_t id) {
  // Two drains at the same moment wait for each other.
  out.add(kLockAll);
  out.add(kGuardNotLast, id);
}
void set_drained(pg::Statements& out, std::int64_t id, bool drained, MemberId by) {
  if (drained) {
    out.add(kDrain, id, by);
  } else {
    out.add(kReturn, id);
  }
}

}  // namespace ms::servers::store
