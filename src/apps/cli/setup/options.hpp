#pragma once
#include <array>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "apps/cli/database.hpp"
#include "apps/cli/restore.hpp"
#include "apps/cli/user.hpp"

namespace ms::cli::setup {

/// The operator's choices: from options, from the existing setup, or from answers on the terminal.
struct SetupOptions {
  std::string domain;
  std::string admin_domain;  ///< empty: admin.<domain>
  std::string site_name;
  std::string server_name;
  std::string address = "127.0.0.1";  ///< that the programs listen on

  std::string database;  ///< conninfo of a user who may make roles; empty: the local superuser, identified by the
                         ///< system user (peer)
  std::string database_name = "minschool";
  bool new_passwords = false;
  bool makes_roles = true;  ///< false: PostgreSQL is on another machine and was prepared before

  std::string redis = "127.0.0.1:6379";  ///< host:port, or the path of a socket
  std::string redis_user;                ///< empty: Redis's default user
  std::filesystem::path redis_password_file;

  Member admin;

  std::vector<std::string> proxies;  ///< networks of a CDN or load balancer in front of Nginx
  bool tls_in_front = false;         ///< the proxy in front has the certificate

  std::filesystem::path certificate;
  std::filesystem::path certificate_key;

  std::filesystem::path dir = "/etc/minschool";
  std::filesystem::path nginx_dir = "/etc/nginx";
  std::filesystem::path share = "/usr/share/minschool";
  std::filesystem::path files = config::Settings::Storage().folder;  ///< of members
  bool start = true;
  bool only_nginx = false;

  RestoreOptions restore;  ///< `archive` is empty: nothing is restored

  std::set<std::string> given;  ///< the options on the command line, with their dashes
  bool has(const std::string& option) const { return given.contains(option); }

  std::string scheme() const { return certificate.empty() && !tls_in_front ? "http" : "https"; }
};

/// The programs' connection to PostgreSQL: "host=… port=…" for a conninfo, without user and database.
struct Postgres {
  std::string place;
};

/// Creates the roles, the database, its rights and settings; leaves existing ones. The secrets of the roles are in
/// `options.dir`. Throws Failure with what to do.
Postgres prepare_database(const SetupOptions& options);

/// Writes what PostgreSQL's memory should be on this machine into its conf.d, but for what the operator set. Restarts
/// it when nobody else has a database there, because shared_buffers needs that. The connection is not used afterwards.
void size_postgres_memory(Database& database, const SetupOptions& options);

/// Creates [storage] folder where it is missing: the programs write it, Nginx reads it, nobody else enters it.
void prepare_storage(const SetupOptions& options);

/// Checks that Redis answers with the given password. An empty local one with Debian's settings gets a memory limit, a
/// password, and a user for the programs with the rights of share/redis/minschool.acl.
void prepare_redis(SetupOptions& options);

/// The file that Nginx's site includes.
inline constexpr std::array kNginxSnippets{"minschool-errors.conf", "minschool-server.conf", "minschool-uploads.conf"};

/// The error in --proxy; empty when it is a network and not the whole world.
std::string proxy_network(const std::string& text);

/// `packaged` for that site on a new machine.
std::string nginx_file(const SetupOptions& options, const std::string& packaged);

/// Writes Nginx's site. False where there is no Nginx.
bool prepare_nginx(const SetupOptions& options);

/// Enables and starts the units, waits for pages and prints their addresses. `nginx`: whether it is on this machine;
/// `changed`: whether programs that run have to read their configuration again.
void start_everything(const SetupOptions& options, bool nginx, bool changed);

}  // namespace ms::cli::setup
