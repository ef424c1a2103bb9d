// `minschool setup`: from a fresh package to a running site. Each step checks first and leaves what is right, so that
// setup can be run again after a failure or to check that nothing is missing. The cheapest checks come first.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>

#include "apps/cli/archive.hpp"
#include "apps/cli/command.hpp"
#include "apps/cli/database.hpp"
#include "apps/cli/setup/files.hpp"
#include "apps/cli/setup/options.hpp"
#include "apps/cli/setup/settings.hpp"
#include "features/members/email.hpp"
#include "infra/core/text.hpp"
#include "infra/pg/migrate.hpp"
#include "infra/unicode/unicode.hpp"

namespace ms::cli {
namespace {

namespace fs = std::filesystem;
using setup::SetupOptions;

/// The answer to a question on the terminal; `fallback` for an empty line or without a terminal. Without both, the
/// error names the option.
std::string ask(const std::string& question, const char* option, const std::string& fallback = "") {
  if (::isatty(STDIN_FILENO) == 0) {
    if (fallback.empty()) throw Failure(fmt::format("{} is not known; give {}", question, option), kUsage);
    return fallback;
  }
  std::string line;
  while (trim(line).empty()) {
    std::cout << question << (fallback.empty() ? "" : " [" + fallback + "]") << ": " << std::flush;
    if (!std::getline(std::cin, line)) throw Failure(fmt::format("{} is not known; give {}", question, option), kUsage);
    if (trim(line).empty() && !fallback.empty()) return fallback;
  }
  return std::string(trim(line));
}

/// A name as in RFC 1123, or localhost: it goes into Nginx's file and into addresses.
void check_domain(const std::string& domain) {
  const bool fine = !domain.empty() && domain.size() <= 253 && !domain.starts_with('-') && !domain.starts_with('.') &&
                    domain.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == domain.npos;
  if (!fine) {
    throw Failure(fmt::format("\"{}\" is no domain; write it like mincenter.kr (xn--… for Korean letters)", domain),
                  kUsage);
  }
}

/// Existing settings are never overwritten. Options that differ from them are refused, all in one message, so that
/// nobody believes they took effect.
void use_existing(SetupOptions& options, SetupOptions existing) {
  if (const auto wrong = setup::find_conflicts(options, existing); !wrong.empty()) {
    throw Failure(fmt::format("{} is set up already, and setup writes over nothing.\n  {}", options.dir.string(),
                              fmt::join(wrong, "\n  ")),
                  kRefused);
  }
  // On another machine only a named superuser can create roles, and they exist already.
  existing.makes_roles = options.has("--database") || setup::is_here(existing.database);
  existing.database = options.database;
  options = std::move(existing);
}

void complete(SetupOptions& options) {
  SetupOptions existing = options;
  if (setup::load_existing(existing)) return use_existing(options, std::move(existing));
  if (options.domain.empty()) options.domain = ask("Domain of the site, like mincenter.kr", "--domain");
  options.domain = ascii_lower(options.domain);
  check_domain(options.domain);
  if (options.admin_domain.empty()) options.admin_domain = "admin." + options.domain;
  check_domain(options.admin_domain);
  if (options.site_name.empty()) options.site_name = ask("Name of the organisation", "--site-name", "우리 센터");
  const unicode::Line site_name(options.site_name);
  if (!site_name.pure() || !unicode::visible(site_name)) {
    throw Failure("the name of the organisation is no text", kUsage);
  }
  options.site_name = site_name.text();
  if (options.server_name.empty()) options.server_name = "app1";
}

void make_folder(const fs::path& dir) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) throw Failure(fmt::format("{} cannot be made: {}; run this as root", dir.string(), error.message()));
  if (::access(dir.c_str(), W_OK) != 0)
    throw Failure(fmt::format("{} cannot be written; run this as root", dir.string()));
}

void migrate(const config::Settings& owner, const fs::path& share) {
  const auto conninfo = config::pg_config(owner).conninfo;
  pg::up(conninfo, pg::read_schema(share / "schema"), setup::print_step);
}

/// Asks for the first administrator only while there is none: a second run of setup has one.
void first_admin(const config::Settings& owner, SetupOptions& options) {
  Database database(owner);
  const auto rows = database.query(
      "select email from users where role = (select rank from roles where name = 'admin') and "
      "(suspended_until is null or suspended_until < now())");
  const auto is_given = [&options](const Database::Row& row) {
    return row[0] == members::normal_email(options.admin.email);
  };
  if (!rows.empty() && (!options.has("--admin-email") || std::ranges::any_of(rows, is_given))) return;
  if (!rows.empty()) {
    throw Failure(fmt::format("--admin-email {0}: there is an administrator already. One more: minschool --config {1} "
                              "user add --email {0} --name … --role admin",
                              options.admin.email, (options.dir / "owner.toml").string()),
                  kRefused);
  }
  if (options.admin.email.empty())
    options.admin.email = ask("Mail address of the first administrator", "--admin-email");
  if (options.admin.name.empty()) options.admin.name = ask("Name of the first administrator", "--admin-name");
  options.admin.role = "admin";
  static_cast<void>(add_member(database, options.admin));  // no running program has cached members
}

/// Checks before anything is created that the archive is valid and opens.
void check_archive(const SetupOptions& options) {
  if (options.restore.archive.empty()) return;
  std::optional<Key> key;
  if (!options.restore.key.empty()) key.emplace(options.restore.key);
  static_cast<void>(ArchiveReader(options.restore.archive, key ? &*key : nullptr).next());
}

void set_up(SetupOptions& options) {
  ::umask(0022);
  if (options.only_nginx) {
    setup::load_existing(options);
    static_cast<void>(setup::prepare_nginx(options));
    return;
  }
  complete(options);
  if (options.certificate.empty() != options.certificate_key.empty()) {
    throw Failure("--tls-certificate and --tls-key go together", kUsage);
  }
  check_archive(options);
  make_folder(options.dir);
  setup::prepare_redis(options);
  std::optional<setup::Postgres> postgres;
  if (options.makes_roles) {
    postgres = setup::prepare_database(options);
  } else if (!fs::exists(options.dir / "owner.toml")) {
    throw Failure(
        fmt::format("{} has no owner.toml: run setup on the machine that has it, or name who may make roles "
                    "in PostgreSQL with --database",
                    options.dir.string()));
  }
  const bool changed = setup::write_settings(options, postgres.value_or(setup::Postgres()));
  setup::prepare_storage(options);
  const auto owner = config::load(config::Program::cli, options.dir / "owner.toml");
  if (!owner) throw Failure(owner.error());
  if (!options.restore.archive.empty()) restore(*owner, options.restore);
  migrate(*owner, options.share);
  first_admin(*owner, options);
  const bool nginx = setup::prepare_nginx(options);
  setup::start_everything(options, nginx, changed);
}

}  // namespace

void add_setup(CLI::App& app) {
  auto* command = app.add_subcommand(
      "setup", "Makes a working site on this machine; asks for missing options. Run again, it repairs what is missing");
  const auto options = std::make_shared<SetupOptions>();
  command->add_option("--domain", options->domain, "Domain of the site");
  command->add_option("--admin-domain", options->admin_domain, "Domain of the Admin (default: admin.DOMAIN)");
  command->add_option("--site-name", options->site_name, "Name of the organisation");
  command->add_option("--admin-email", options->admin.email, "Mail address of the first administrator");
  command->add_option("--admin-name", options->admin.name, "Name of the first administrator");
  command->add_option("--admin-password-file", options->admin.password_file,
                      "File whose first line is the password; without it one is made up and shown once");
  command->add_option("--database", options->database,
                      "PostgreSQL, as one who may make roles and databases: 'host=… user=… password=… dbname=postgres' "
                      "(default: the one on this machine, as its superuser)");
  command->add_option("--database-name", options->database_name, "Name of the database (default: minschool)");
  command->add_flag("--new-passwords", options->new_passwords, "Gives roles that exist already new passwords");
  command->add_option("--redis", options->redis, "host:port, or the path of a socket (default: 127.0.0.1:6379)");
  command->add_option("--redis-user", options->redis_user, "User of Redis (default: its default user)");
  command->add_option("--redis-password-file", options->redis_password_file, "File with the password of Redis");
  command->add_option("--server-name", options->server_name, "Name of this app server (default: app1)");
  command->add_option("--address", options->address, "Address that the programs listen on (default: 127.0.0.1)");
  command
      ->add_option("--tls-certificate", options->certificate, "Certificate with its chain, for Nginx (fullchain.pem)")
      ->check(CLI::ExistingFile);
  command->add_option("--tls-key", options->certificate_key, "Its key (privkey.pem)")->check(CLI::ExistingFile);
  command
      ->add_option("--proxy", options->proxies,
                   "Network (CIDR) of a CDN or load balancer in front of Nginx, whose word on visitors' addresses and "
                   "scheme counts; may be given again")
      ->check(setup::proxy_network);
  command->add_flag("--tls-in-front", options->tls_in_front, "That proxy has the certificate: visitors come by https");
  command
      ->add_option("--restore", options->restore.archive,
                   "An archive of `minschool backup`, whose members, posts and comments the site begins with")
      ->check(CLI::ExistingFile);
  command->add_option("--key-file", options->restore.key, "The key that the archive was sealed with")
      ->check(CLI::ExistingFile);
  command->add_option("--dir", options->dir, "Folder of the settings (default: /etc/minschool)");
  command->add_option("--nginx-dir", options->nginx_dir, "Folder of Nginx's files (default: /etc/nginx)");
  command->add_option("--files-dir", options->files,
                      "Folder of members' files, which Nginx can read, too (default: /var/lib/minschool/files)");
  command->add_option("--share", options->share, "Folder of the packaged files (default: /usr/share/minschool)");
  command->add_flag("--only-nginx", options->only_nginx,
                    "Brings the packaged Nginx file, with the operator's lines, and nothing else");
  command->add_flag("!--no-start", options->start, "Neither starts nor reloads anything");
  command->callback([options, command] {
    for (const CLI::Option* option : command->get_options()) {
      if (option->count() > 0) options->given.insert("--" + option->get_single_name());
    }
    set_up(*options);
  });
}

}  // namespace ms::cli
