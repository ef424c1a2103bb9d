// PostgreSQL and Redis: whether they answer and are new enough, and the settings that MinSchool's guarantees need.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>

#include "apps/cli/command.hpp"
#include "apps/cli/database.hpp"
#include "apps/cli/doctor/checks.hpp"
#include "apps/cli/nginx_file.hpp"
#include "apps/cli/redis_link.hpp"
#include "apps/cli/setup/files.hpp"
#include "infra/core/time.hpp"
#include "infra/markdown/markdown.hpp"
#include "infra/pg/migrate.hpp"

namespace ms::cli::doctor {
namespace {

constexpr long kMinPostgres = 150000;
constexpr int kMinRedis = 7;
constexpr double kWrongClock = 2;    // seconds between two machines
constexpr double kHighPageCost = 2;  // of random_page_cost, from where the planner leaves the index of a list

long number(const std::string& text) {
  long out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

std::string one(Database& database, const std::string& sql, const Database::Row& values = {}) {
  const auto rows = database.query(sql, values);
  return rows.empty() || rows[0].empty() ? "" : rows[0][0].value_or("");
}

/// Reports a clock that differs from this machine's. `read` gives it in seconds since 1970; half of its round trip is
/// subtracted.
void check_clock_of(std::string_view part, const std::function<double()>& read, Report& report) {
  const auto seconds = [] { return std::chrono::duration<double>(now().time_since_epoch()).count(); };
  const double asked = seconds();
  const double theirs = read();
  const double off = theirs - (asked + seconds()) / 2;
  if (std::abs(off) <= kWrongClock) return;
  report.wrong("clock", fmt::format("{}'s is {:.1f} s {} ours", part, std::abs(off), off > 0 ? "before" : "behind"),
               "NTP on both machines: apt install systemd-timesyncd");
}

/// The number of app servers in Nginx's file; 1 where this machine has no such file.
long servers_of(const Places& places) {
  const auto markers = marked_lines(setup::read_file(places.nginx_file()));
  const auto lines = markers.find("site_servers");
  if (lines == markers.end()) return 1;
  return std::max<long>(
      1, std::ranges::count_if(lines->second, [](const auto& line) { return !line.contains("backup"); }));
}

long connections_of(const config::Settings& settings) {
  const auto& database = settings.database;
  return long{settings.server.threads} * (database.fast_connections + database.slow_connections + 1);  // 1 listens
}

void check_room(Database& database, const Places& places, const SiteFacts& facts, Report& report) {
  const long most =
      number(one(database, "show max_connections")) - number(one(database, "show superuser_reserved_connections"));
  const long each = (facts.site ? connections_of(*facts.site) : 0) + (facts.admin ? connections_of(*facts.admin) : 0);
  const long need = servers_of(places) * each;
  const std::string message = fmt::format("max_connections leaves {}; the app servers need {}", most, need);
  if (most < need) {
    report.wrong("PostgreSQL room", message, "raise max_connections, or lower [database] fast_connections");
  } else if (most < 2 * need) {
    report.hint("PostgreSQL room", message + ", and twice that while they are all reloaded", "raise max_connections");
  } else {
    report.ok("PostgreSQL room", message);
  }
}

/// The programs' connections by server. Connections of a server without a heartbeat, or more than a server can have,
/// are left over from a machine that lost power or its network; each takes room from the others.
void check_sessions(Database& database, const SiteFacts& facts, Report& report) {
  constexpr const char* kSql = R"(
    select a.application_name, count(*),
           exists (select from servers s join server_programs p on p.server_id = s.id
                    where 'minschool ' || s.name = a.application_name and p.seen_at > now() - interval '1 minute')
      from pg_stat_activity a
     where a.datname = current_database() and a.usename in ('minschool_site', 'minschool_admin')
       and a.pid <> pg_backend_pid() group by 1 order by 1)";
  const long each = (facts.site ? connections_of(*facts.site) : 0) + (facts.admin ? connections_of(*facts.admin) : 0);
  long all = 0;
  for (const auto& row : database.query(kSql)) {
    const std::string name = row[0].value_or("");
    const long count = number(row[1].value_or("0"));
    const bool has_heartbeat = row[2] == "t";
    all += count;
    if (has_heartbeat && (each == 0 || count <= 2 * each)) continue;  // twice while it is reloaded
    const std::string message = has_heartbeat
                                    ? fmt::format("{} has {} connections, and needs {}", name, count, each)
                                    : fmt::format("{} has {} connections, but no heartbeat for a minute", name, count);
    report.hint(
        "PostgreSQL connections", message,
        fmt::format("they end within seconds when their machine is gone; else: select pg_terminate_backend(pid) "
                    "from pg_stat_activity where application_name = '{}'",
                    name));
  }
  const long taken = number(one(database,
                                "select count(*) from pg_stat_activity where backend_type is null or "
                                "backend_type = 'client backend'"));
  const long most = number(one(database, "show max_connections"));
  const std::string message = fmt::format("{} of {} are taken, {} by the app servers", taken, most, all);
  if (taken * 10 > most * 9) {
    report.wrong("PostgreSQL connections", message,
                 "select application_name, count(*) from pg_stat_activity group by 1");
  } else {
    report.ok("PostgreSQL connections", message);
  }
}

void check_postgres_settings(Database& database, Report& report) {
  if (const auto cost = one(database, "show random_page_cost"); std::stod(cost) > kHighPageCost) {
    report.wrong("PostgreSQL settings", fmt::format("random_page_cost is {}: board lists take the wrong index", cost),
                 "alter database … set random_page_cost = 1.1, then reload the programs");
  }
  if (const auto zone = one(database, "show timezone"); zone != "UTC" && zone != "Etc/UTC") {
    report.hint("PostgreSQL settings", "timezone is " + zone, "alter database … set timezone = 'UTC'");
  }
  if (one(database, "show log_error_verbosity") != "terse") {
    report.hint("PostgreSQL settings", "its log quotes the rows that it refuses: members' addresses",
                "alter database … set log_error_verbosity = terse, as its superuser");
  }
  for (const char* name : {"fsync", "full_page_writes", "synchronous_commit"}) {
    if (one(database, "select current_setting($1)", {name}) == "off") {
      report.wrong("PostgreSQL settings", fmt::format("{} is off: what was written can be lost", name),
                   fmt::format("{} = on in postgresql.conf", name));
    }
  }
}

void check_schema(Database& database, const config::Settings& settings, const Places& places, Report& report) {
  const auto facts = pg::schema_state(config::pg_config(settings).conninfo);
  const auto files = pg::read_schema(places.share / "schema");
  const auto applied = facts.migrations.size();
  const auto outdated = pg::outdated_functions(facts, files);
  if (applied < files.migrations.size() || (applied == files.migrations.size() && outdated > 0)) {
    return report.wrong("schema",
                        fmt::format("{} of {} migrations are applied, {} of {} functions are outdated", applied,
                                    files.migrations.size(), outdated, files.functions.size()),
                        fmt::format("minschool --config {} migrate up --dir {}", (places.dir / "owner.toml").string(),
                                    (places.share / "schema").string()));
  }
  if (applied > files.migrations.size()) {
    report.hint("schema", "the database is of a newer version than this machine", "apt upgrade minschool");
  } else {
    report.ok("schema", fmt::format("{} migrations, {} functions", applied, files.functions.size()));
  }
  const auto renderer = one(database, "select coalesce(max(renderer), 0) from posts");
  if (number(renderer) > markdown::kRendererVersion) {
    report.hint(
        "renderer",
        fmt::format("posts were rendered by version {}, this machine has {}", renderer, markdown::kRendererVersion),
        "apt upgrade minschool");
  }
}

/// Adopted sessions of an Express program begin without a password. The database must allow that as long as the Site
/// adopts them.
void check_adoption(Database& database, const SiteFacts& facts, Report& report) {
  const auto granted = one(database,
                           "select has_function_privilege('minschool_site', p.oid, 'execute') from pg_proc p "
                           "where p.oid = to_regproc('ms_adopt_session')");
  if (!facts.site || granted.empty()) return;
  if (facts.site->session.adopt && granted == "f") {
    report.wrong("adopt", "[session] adopt is on, and the database does not let the Site adopt sessions",
                 "grant execute on function ms_adopt_session to minschool_site");
  } else if (!facts.site->session.adopt && granted == "t") {
    report.hint("adopt", "the Site may begin sessions without a password, and [session] adopt is off",
                "revoke execute on function ms_adopt_session from minschool_site");
  }
}

bool local(const config::Settings::Redis& redis) {
  return redis.host.starts_with('/') || redis.host == "localhost" || redis.host.starts_with("127.") ||
         redis.host == "::1";
}

std::string version_in(const std::string& info) {
  constexpr std::string_view kKey = "redis_version:";
  const auto at = info.find(kKey);
  if (at == info.npos) return "";
  return info.substr(at + kKey.size(), info.find_first_of("\r\n", at) - at - kKey.size());
}

/// Whether two sessions share a process of PostgreSQL, as behind a pooler in transaction mode. A session then loses its
/// settings, prepared statements and subscriptions.
void check_pooler(Database& database, const config::Settings& settings, Report& report) {
  const auto pid = [](Database& session) { return one(session, "select pg_backend_pid()"); };
  if (pid(database) == std::to_string(PQbackendPID(database.connection()))) return;
  Database other(settings);
  bool shared = false;
  for (int tries = 0; tries < 5 && !shared; ++tries) {
    const std::string ours = pid(database);
    other.query("begin");
    shared = pid(other) == ours;
    other.query("rollback");
  }
  const char* remedy = "pool_mode = session for this database, or name PostgreSQL itself in [database] url";
  if (shared) {
    report.wrong("PostgreSQL pooler",
                 "a pooler in transaction mode stands between: live changes and logouts are missed", remedy);
  } else {
    report.hint("PostgreSQL pooler", "a pooler stands between, which the programs do not need", remedy);
  }
}

/// Whether PostgreSQL takes writes; a standby and a read-only database do not.
void check_writes(Database& database, Report& report) {
  if (one(database, "select pg_is_in_recovery()") == "t") {
    report.wrong("PostgreSQL writes", "this is a standby: it takes no writes",
                 "all hosts and target_session_attrs=read-write in [database] url");
  } else if (one(database, "show transaction_read_only") == "on") {
    report.wrong("PostgreSQL writes", "it is set to read only",
                 "alter database … reset default_transaction_read_only, or the same in postgresql.conf");
  }
}

void report_open_redis(Report& report) {
  report.wrong("Redis protection", "it takes commands from others without a password",
               "requirepass in redis.conf, and the password in redis.password (minschool setup --redis-password-file)");
}

void check_redis_settings(RedisLink& redis, const config::Settings& settings, Report& report) {
  const auto memory = redis.setting("maxmemory");
  const auto policy = redis.setting("maxmemory-policy");
  if (memory == "0") {
    report.hint("Redis memory", "maxmemory is 0: it may take all there is", "maxmemory 256mb in redis.conf");
  } else if (policy == "noeviction" && !settings.session.adopt) {
    report.wrong("Redis memory", "maxmemory-policy is noeviction: full, it takes nothing new",
                 "maxmemory-policy allkeys-lru in redis.conf");
  } else {
    report.ok("Redis memory", fmt::format("at most {} MB, {}", number(memory) / 1024 / 1024, policy));
  }
  if (redis.setting("appendonly") == "yes") {
    report.hint("Redis disk", "appendonly costs time for what may be lost", "appendonly no in redis.conf");
  }
  const bool open = redis.setting("requirepass").empty();
  if (open && (redis.setting("protected-mode") == "no" || !local(settings.redis) || !settings.redis.user.empty())) {
    report_open_redis(report);
  } else if (open && settings.redis.password.empty()) {
    report.hint("Redis protection", "every program of this machine may write to it without a password",
                "requirepass in redis.conf, and the password in redis.password");
  }
}

/// Reads Redis's settings as its default user, when setup gave that user a password.
config::Settings::Redis as_administrator(config::Settings::Redis redis, const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string password;
  if (!std::getline(in, password)) return redis;
  redis.user.clear();
  redis.password = password;
  return redis;
}

}  // namespace

void check_postgres(const Places& places, const SiteFacts& facts, Report& report) {
  const auto& settings = facts.owner ? facts.owner : facts.site ? facts.site : facts.admin;
  if (!settings) return;
  std::optional<Database> database;
  try {
    database.emplace(*settings);
  } catch (const DatabaseError& fault) {
    return report.wrong("PostgreSQL", fault.what(), "start it, or correct [database] url and password_file");
  }
  database->query("set statement_timeout = '5s'");
  const auto version = one(*database, "show server_version");
  if (number(one(*database, "show server_version_num")) < kMinPostgres) {
    report.wrong("PostgreSQL", fmt::format("is version {}", version), "upgrade it to 15 or newer");
  } else {
    report.ok("PostgreSQL", "version " + version);
  }
  check_clock_of(
      "PostgreSQL", [&] { return std::stod(one(*database, "select extract(epoch from clock_timestamp())::float8")); },
      report);
  if (const auto wrong = pg::wrong_encoding(database->connection())) {
    return report.wrong("PostgreSQL encoding", wrong->says, wrong->remedy);
  }
  check_pooler(*database, *settings, report);
  check_writes(*database, report);
  check_postgres_settings(*database, report);
  if (one(*database, "select to_regclass('purges') is not null") == "t") {
    const auto left = one(*database, "select count(*) from purges where at < now() - interval '10 seconds'");
    if (left != "0") {
      report.wrong("saved pages", fmt::format("{} times something was hidden that an Nginx may still show", left),
                   "start minschool-monitor beside each Nginx, and name it in [proxy] monitors");
    }
  }
  check_room(*database, places, facts, report);
  check_schema(*database, *settings, places, report);
  check_adoption(*database, facts, report);
  if (!one(*database, "select to_regclass('server_programs')").empty()) check_sessions(*database, facts, report);
}

void check_redis(const Places& places, const SiteFacts& facts, Report& report) {
  const auto& settings = facts.site ? facts.site : facts.admin;
  if (!settings) return;
  std::optional<RedisLink> redis;
  try {
    redis.emplace(settings->redis);
  } catch (const RedisError& fault) {
    return report.wrong("Redis", fault.what(), "start it (systemctl start redis-server), or correct [redis]");
  }
  const auto version = version_in(redis->ask({"INFO", "server"}));
  if (number(version) < kMinRedis) {
    report.wrong("Redis", fmt::format("is version {}", version), "upgrade it to 7 or newer");
  } else {
    report.ok("Redis", "version " + version);
  }
  try {
    check_clock_of("Redis", [&] { return std::stod(redis->ask({"TIME"})); }, report);
    RedisLink administrator(as_administrator(settings->redis, places.dir / "redis.admin"));
    check_redis_settings(administrator, *settings, report);
  } catch (const RedisError& fault) {
    const std::string_view why = fault.what();
    // Redis 7 answers this when its default user has no password and one is given.
    if (why.contains("without any password configured")) return report_open_redis(report);
    report.hint("Redis settings", fmt::format("it refuses to show them: {}", why), "look at redis.conf by hand");
  }
}

}  // namespace ms::cli::doctor
