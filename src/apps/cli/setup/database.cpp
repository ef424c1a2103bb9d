// Roles, the database and its rights. All steps can be repeated, by hand or after a failure half-way.
#include "apps/cli/database.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "apps/cli/command.hpp"
#include "apps/cli/setup/files.hpp"
#include "apps/cli/setup/options.hpp"

namespace ms::cli::setup {
namespace {

namespace fs = std::filesystem;

constexpr int kMinServer = 150000;  // as PQserverVersion says 15.0

struct Role {
  const char* name;
  const char* file;
  Readers readers;
};
constexpr std::array kRoles{Role{"minschool_owner", "owner.database", Readers::root},
                            Role{"minschool_site", "site.database", Readers::programs},
                            Role{"minschool_admin", "admin.database", Readers::programs}};

/// PostgreSQL identifies a client on its socket by the user id (peer): the package's superuser is the user postgres.
class ScopedPostgresUser {
 public:
  explicit ScopedPostgresUser(bool wanted) {
    const passwd* user = wanted && ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr;
    if (user == nullptr) return;
    became_ = ::setegid(user->pw_gid) == 0 && ::seteuid(user->pw_uid) == 0;
  }
  ~ScopedPostgresUser() {
    if (became_ && (::seteuid(0) != 0 || ::setegid(0) != 0)) std::abort();  // never continue as another user
  }
  ScopedPostgresUser(const ScopedPostgresUser&) = delete;
  ScopedPostgresUser& operator=(const ScopedPostgresUser&) = delete;

 private:
  bool became_ = false;
};

Database connect(const SetupOptions& options) {
  const bool local = options.database.empty();
  try {
    const ScopedPostgresUser postgres(local);
    return Database(local ? "dbname=postgres user=postgres" : options.database);
  } catch (const DatabaseError& fault) {
    throw Failure(fmt::format("PostgreSQL cannot be reached: {}; {}", fault.what(),
                              local ? "install it (apt install postgresql), run this as root, or name another with "
                                      "--database 'host=… user=… password=… dbname=postgres'"
                                    : "check --database, and pg_hba.conf of that machine"));
  }
}

/// Statements that take no parameters get names and texts from PostgreSQL's own format(): %I and %L quote them.
void run_formatted(Database& database, const std::string& format, const Database::Row& values) {
  std::string arguments;
  for (std::size_t i = 1; i <= values.size(); ++i) arguments += fmt::format(", ${}::text", i + 1);
  Database::Row all{format};
  all.insert(all.end(), values.begin(), values.end());
  const auto rows = database.query("select format($1" + arguments + ")", all);
  database.query(rows.at(0).at(0).value());
}

bool exists(Database& database, const std::string& query, const std::string& name) {
  return !database.query(query, {name}).empty();
}

std::string quoted(const std::string& value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

/// The password as PostgreSQL stores it, so that it appears in no log of the server.
std::string verifier(Database& database, const std::string& password, const char* role) {
  char* made = PQencryptPasswordConn(database.connection(), password.c_str(), role, "scram-sha-256");
  if (made == nullptr)
    throw Failure(fmt::format("no password for {}: {}", role, PQerrorMessage(database.connection())));
  std::string out = made;
  PQfreemem(made);
  return out;
}

/// Why the role cannot connect; empty when it can.
std::string refusal(const std::string& place, const std::string& name, const Role& role, const std::string& password) {
  try {
    Database tried(fmt::format("{} dbname={} user={} password={}", place, quoted(name), role.name, quoted(password)));
    return "";
  } catch (const DatabaseError& fault) { return fault.what(); }
}

/// A role with the password in its file; true when it is new.
void make_role(Database& database, const SetupOptions& options, const Role& role) {
  const fs::path file = options.dir / role.file;
  const bool has_file = fs::exists(file);
  const bool there = exists(database, "select from pg_roles where rolname = $1", role.name);
  if (there && !has_file && !options.new_passwords) {
    throw Failure(fmt::format(
        "the database has the role {} already, and its password is not in {}: copy the files of {} from the "
        "machine that was set up first, or take its password away from that one with --new-passwords",
        role.name, file.string(), options.dir.string()));
  }
  const std::string password = secret_in(file, role.readers);
  if (!there) {
    run_formatted(database, "create role %I login password %L", {role.name, verifier(database, password, role.name)});
    print_step(fmt::format("made the role {}", role.name));
  } else if (!has_file) {
    run_formatted(database, "alter role %I login password %L", {role.name, verifier(database, password, role.name)});
    print_step(fmt::format("gave the role {} a new password", role.name));
  }
}

void make_database(Database& database, const std::string& name) {
  if (exists(database, "select from pg_database where datname = $1", name)) return;
  if (database.query("select rolsuper from pg_roles where rolname = current_user").at(0).at(0) != "t") {
    database.query("grant minschool_owner to current_user");  // only its members can create a database for it
  }
  // Everything sorts by C.UTF-8, so the order is the same on every server, whatever its language.
  run_formatted(database,
                "create database %I owner minschool_owner template template0 encoding 'UTF8' locale 'C.UTF-8'", {name});
  print_step(fmt::format("made the database {}", name));
}

/// Sets rights and settings. Every run repeats this, because it costs nothing.
void set_rights(Database& database, const std::string& name) {
  run_formatted(database, "revoke all on database %I from public", {name});
  run_formatted(database, "grant connect on database %I to minschool_site, minschool_admin", {name});
  // The Admin's page of servers and `minschool monit` show other roles' connections and statements.
  run_formatted(database, "grant pg_monitor to minschool_admin, minschool_owner", {});
  // With 4 the planner takes the wrong index for board lists.
  run_formatted(database, "alter database %I set random_page_cost = 1.1", {name});
  run_formatted(database, "alter database %I set timezone = 'UTC'", {name});
  // The details of an error quote the refused row: addresses, hashes of passwords.
  try {
    run_formatted(database, "alter database %I set log_error_verbosity = 'terse'", {name});
  } catch (const DatabaseError&) {
    print_step(
        "PostgreSQL's log may quote members' data: only its superuser may set log_error_verbosity = terse; set it "
        "there");
  }
}

/// The programs connect by password. Debian's pg_hba.conf requires one on 127.0.0.1, and the system user on the socket.
std::string place_of(const Database& database, const SetupOptions& options) {
  const std::string port = PQport(database.connection());
  const std::string host = options.database.empty() ? "127.0.0.1" : PQhost(database.connection());
  return fmt::format("host={}{}", host, port == "5432" ? "" : " port=" + port);
}

}  // namespace

Postgres prepare_database(const SetupOptions& options) {
  ::setenv("PGCONNECT_TIMEOUT", "10", 0);
  Database database = connect(options);
  if (const int version = PQserverVersion(database.connection()); version < kMinServer) {
    throw Failure(fmt::format("PostgreSQL is version {}; MinSchool needs 15 or newer", version / 10000));
  }
  for (const Role& role : kRoles) make_role(database, options, role);
  make_database(database, options.database_name);
  set_rights(database, options.database_name);
  Postgres out{place_of(database, options)};
  for (const Role& role : kRoles) {
    const std::string password = secret_in(options.dir / role.file, role.readers);
    std::string why = refusal(out.place, options.database_name, role, password);
    if (const bool wrong = why.contains("password authentication failed"); wrong && !options.new_passwords) {
      throw Failure(
          fmt::format("the role {} has another password than {} says: copy the file from a machine that works, "
                      "or make this one count with --new-passwords",
                      role.name, (options.dir / role.file).string()));
    } else if (wrong) {
      run_formatted(database, "alter role %I login password %L", {role.name, verifier(database, password, role.name)});
      print_step(fmt::format("gave the role {} the password in {}", role.name, (options.dir / role.file).string()));
      why = refusal(out.place, options.database_name, role, password);
    }
    if (!why.empty()) {
      throw Failure(fmt::format("{} cannot log in at {}: {}; let it in by password in pg_hba.conf (scram-sha-256)",
                                role.name, out.place, why));
    }
  }
  size_postgres_memory(database, options);
  return out;
}

}  // namespace ms::cli::setup
