// `minschool setup`: from a fresh package to a page. Each step looks first and leaves what is right, so that it can be
// run again, after it failed half-way or to see that nothing is missing. What costs nothing to look at comes first.
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
#include "apps/cli/setup/settings.hpp"
#include "apps/cli/setup/wish.hpp"
#include "features/members/email.hpp"
#include "infra/core/text.hpp"
#include "infra/pg/migrate.hpp"
#include "infra/unicode/unicode.hpp"

namespace ms::cli {
namespace {

namespace fs = std::filesystem;
using setup::Wish;

/// The answer to a question on the terminal; `fallback` for an empty line. Without a terminal the fallback counts, and
/// a value that has none is asked for by its option.
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

/// What was set up before counts: settings are never written over. Options that say something else are refused, all at
/// once, so that nobody believes they were carried out.
void take_over(Wish& wish, Wish known) {
  if (const auto wrong = setup::contradictions(wish, known); !wrong.empty()) {
    throw Failure(fmt::format("{} is set up already, and setup writes over nothing.\n  {}", wish.dir.string(),
                              fmt::join(wrong, "\n  ")),
                  kRefused);
  }
  // On another machine only who is named may make roles, and they are there already.
  known.makes_roles = wish.has("--database") || setup::is_here(known.database);
  known.database = wish.database;
  wish = std::move(known);
}

void complete(Wish& wish) {
  Wish known = wish;
  if (setup::remember(known)) return take_over(wish, std::move(known));
  if (wish.domain.empty()) wish.domain = ask("Domain of the site, like mincenter.kr", "--domain");
  wish.domain = ascii_lower(wish.domain);
  check_domain(wish.domain);
  if (wish.admin_domain.empty()) wish.admin_domain = "admin." + wish.domain;
  check_domain(wish.admin_domain);
  if (wish.site_name.empty()) wish.site_name = ask("Name of the organisation", "--site-name", "우리 센터");
  const unicode::Line site_name(wish.site_name);
  if (!site_name.pure() || !unicode::visible(site_name)) {
    throw Failure("the name of the organisation is no text", kUsage);
  }
  wish.site_name = site_name.text();
  if (wish.server_name.empty()) wish.server_name = "app1";
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
  pg::up(conninfo, pg::read_schema(share / "schema"), setup::say);
}

/// Asked for only while there is none: who set up the site a second time has one.
void first_admin(const config::Settings& owner, Wish& wish) {
  Database database(owner);
  const auto rows = database.query(
      "select email from users where role = (select rank from roles where name = 'admin') and "
      "(suspended_until is null or suspended_until < now())");
  const auto is_wish = [&wish](const Database::Row& row) { return row[0] == members::normal_email(wish.admin.email); };
  if (!rows.empty() && (!wish.has("--admin-email") || std::ranges::any_of(rows, is_wish))) return;
  if (!rows.empty()) {
    throw Failure(fmt::format("--admin-email {0}: there is an administrator already. One more: minschool --config {1} "
                              "user add --email {0} --name … --role admin",
                              wish.admin.email, (wish.dir / "owner.toml").string()),
                  kRefused);
  }
  if (wish.admin.email.empty()) wish.admin.email = ask("Mail address of the first administrator", "--admin-email");
  if (wish.admin.name.empty()) wish.admin.name = ask("Name of the first administrator", "--admin-name");
  wish.admin.role = "admin";
  static_cast<void>(add_member(database, wish.admin));  // no program runs that knows others
}

/// Before anything is made: whether the archive is one, and opens.
void check_archive(const Wish& wish) {
  if (wish.restore.archive.empty()) return;
  std::optional<Key> key;
  if (!wish.restore.key.empty()) key.emplace(wish.restore.key);
  static_cast<void>(ArchiveReader(wish.restore.archive, key ? &*key : nullptr).next());
}

void set_up(Wish& wish) {
  ::umask(0022);
  if (wish.only_nginx) {
    setup::remember(wish);
    static_cast<void>(setup::prepare_nginx(wish));
    return;
  }
  complete(wish);
  if (wish.certificate.empty() != wish.certificate_key.empty()) {
    throw Failure("--tls-certificate and --tls-key go together", kUsage);
  }
  check_archive(wish);
  make_folder(wish.dir);
  setup::prepare_redis(wish);
  std::optional<setup::Postgres> postgres;
  if (wish.makes_roles) {
    postgres = setup::prepare_database(wish);
  } else if (!fs::exists(wish.dir / "owner.toml")) {
    throw Failure(
        fmt::format("{} has no owner.toml: run setup on the machine that has it, or name who may make roles "
                    "in PostgreSQL with --database",
                    wish.dir.string()));
  }
  const bool changed = setup::write_settings(wish, postgres.value_or(setup::Postgres()));
  const auto owner = config::load(config::Program::cli, wish.dir / "owner.toml");
  if (!owner) throw Failure(owner.error());
  if (!wish.restore.archive.empty()) restore(*owner, wish.restore);
  migrate(*owner, wish.share);
  first_admin(*owner, wish);
  const bool nginx = setup::prepare_nginx(wish);
  setup::start_everything(wish, nginx, changed);
}

}  // namespace

void add_setup(CLI::App& app) {
  auto* command = app.add_subcommand(
      "setup", "Makes a working site on this machine; asks what it is not told. Again, it mends what is missing");
  const auto wish = std::make_shared<Wish>();
  command->add_option("--domain", wish->domain, "Domain of the site");
  command->add_option("--admin-domain", wish->admin_domain, "Domain of the Admin (default: admin.DOMAIN)");
  command->add_option("--site-name", wish->site_name, "Name of the organisation");
  command->add_option("--admin-email", wish->admin.email, "Mail address of the first administrator");
  command->add_option("--admin-name", wish->admin.name, "Name of the first administrator");
  command->add_option("--admin-password-file", wish->admin.password_file,
                      "File whose first line is the password; without it one is made up and shown once");
  command->add_option("--database", wish->database,
                      "PostgreSQL, as one who may make roles and databases: 'host=… user=… password=… dbname=postgres' "
                      "(default: the one on this machine, as its superuser)");
  command->add_option("--database-name", wish->database_name, "Name of the database (default: minschool)");
  command->add_flag("--new-passwords", wish->new_passwords, "Gives roles that exist already new passwords");
  command->add_option("--redis", wish->redis, "host:port, or the path of a socket (default: 127.0.0.1:6379)");
  command->add_option("--redis-user", wish->redis_user, "User of Redis (default: its default user)");
  command->add_option("--redis-password-file", wish->redis_password_file, "File with the password of Redis");
  command->add_option("--server-name", wish->server_name, "Name of this app server (default: app1)");
  command->add_option("--address", wish->address, "Address that the programs listen on (default: 127.0.0.1)");
  command->add_option("--tls-certificate", wish->certificate, "Certificate with its chain, for Nginx (fullchain.pem)")
      ->check(CLI::ExistingFile);
  command->add_option("--tls-key", wish->certificate_key, "Its key (privkey.pem)")->check(CLI::ExistingFile);
  command
      ->add_option("--proxy", wish->proxies,
                   "Network (CIDR) of a CDN or load balancer in front of Nginx, whose word on visitors' addresses and "
                   "scheme counts; may be given again")
      ->check(setup::proxy_network);
  command->add_flag("--tls-in-front", wish->tls_in_front, "That proxy has the certificate: visitors come by https");
  command
      ->add_option("--restore", wish->restore.archive,
                   "An archive of `minschool backup`, whose members, posts and comments the site begins with")
      ->check(CLI::ExistingFile);
  command->add_option("--key-file", wish->restore.key, "The key that the archive was sealed with")
      ->check(CLI::ExistingFile);
  command->add_option("--dir", wish->dir, "Folder of the settings (default: /etc/minschool)");
  command->add_option("--nginx-dir", wish->nginx_dir, "Folder of Nginx's files (default: /etc/nginx)");
  command->add_option("--share", wish->share, "Folder of the packaged files (default: /usr/share/minschool)");
  command->add_flag("--only-nginx", wish->only_nginx,
                    "Brings the packaged Nginx file, with the operator's lines, and nothing else");
  command->add_flag("!--no-start", wish->start, "Neither starts nor reloads anything");
  command->callback([wish, command] {
    for (const CLI::Option* option : command->get_options()) {
      if (option->count() > 0) wish->given.insert("--" + option->get_single_name());
    }
    set_up(*wish);
  });
}

}  // namespace ms::cli
