#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>

#include "apps/cli/archive.hpp"
#include "apps/cli/command.hpp"
#include "apps/cli/database.hpp"
#include "apps/cli/history.hpp"
#include "apps/cli/seal.hpp"
#include "apps/cli/tool.hpp"

namespace ms::cli {
namespace {

namespace fs = std::filesystem;

struct Wish {
  fs::path archive;
  fs::path key;
  fs::path files;
};

void unpack(const Wish& wish, const fs::path& into) {
  const File in(::open(wish.archive.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() < 0) throw Failure(fmt::format("{}: {}", wish.archive.string(), std::strerror(errno)));
  // What stands in an archive decides about nothing outside of this folder: tar refuses absolute names and "..".
  Tool tar{{"tar", "--extract", "--no-same-owner", "--directory", into.string()}};
  if (!is_sealed(wish.archive)) {
    tar.in = in.get();
    run(tar);
    return;
  }
  if (wish.key.empty()) throw Failure("the archive is sealed: name the key with --key-file");
  const Key key(wish.key);
  run_fed(std::move(tar), [&](int pipe) { open_sealed(key, in.get(), pipe); });
}

/// A dump names the roles that its rights are for.
void make_roles(Database& database) {
  for (const char* role : {"minschool_site", "minschool_admin"}) {
    const auto found = database.query("select from pg_roles where rolname = $1", {role});
    if (found.empty()) database.query(fmt::format("create role {} nologin", role));
  }
}

/// Of what the dump holds all but extensions, which belong to the machine (pg_stat_statements) and need a superuser.
std::string list_ours(const fs::path& folder) {
  const fs::path all = folder / "list.all";
  const fs::path ours = folder / "list";
  run({{"pg_restore", "--list", "--file", all.string(), (folder / kDump).string()}});
  std::ifstream in(all);
  std::ofstream out(ours);
  for (std::string line; std::getline(in, line);) {
    if (!line.contains(" EXTENSION ")) out << line << '\n';
  }
  return ours.string();
}

void restore(const Options& options, const Wish& wish) {
  const auto settings = load_settings(options);
  const WorkFolder work(fs::absolute(wish.archive).parent_path());
  unpack(wish, work.path());
  run({{"sha256sum", "--check", "--quiet", "--strict", kSums}, {}, -1, -1, work.path()});
  {
    Database database(settings);
    const auto tables = database.query("select count(*) from pg_tables where schemaname = 'public'");
    if (tables.front().front() != "0") {
      throw Failure("the database is not empty; restore into a new one (createdb)", kRefused);
    }
    make_roles(database);
  }
  const auto environment = libpq_environment(settings);
  const auto name = environment.find("PGDATABASE");
  if (name == environment.end()) throw Failure("[database] url names no dbname");
  run({{"pg_restore", "--no-owner", "--single-transaction", "--exit-on-error", "--use-list", list_ours(work.path()),
        "--dbname", name->second, (work.path() / kDump).string()},
       environment});
  if (!wish.files.empty() && fs::exists(work.path() / kFiles)) {
    run({{"cp", "--archive", "--no-clobber", "--", (work.path() / kFiles).string() + "/.", wish.files.string()}});
  }
  {
    // Who logged out, and which numbers were given, since the backup was made is not known here.
    Database database(settings);
    begin_history(database, settings);
    // What the dump does not hold: the figures that the planner needs.
    database.query("analyze");
  }
  std::ifstream about(work.path() / kAbout);
  std::cout << about.rdbuf() << "Restored. All members have to log in again.\n";
}

}  // namespace

void add_restore(CLI::App& app, const Options& options) {
  auto* command = app.add_subcommand("restore", "Brings an archive of `backup` into an empty database");
  const auto wish = std::make_shared<Wish>();
  command->add_option("archive", wish->archive, "What backup wrote")->required()->check(CLI::ExistingFile);
  command->add_option("--key-file", wish->key, "The key that it was sealed with");
  command
      ->add_option("--files", wish->files, "Where the folders go that were taken along, as 1, 2, … (default: nowhere)")
      ->check(CLI::ExistingDirectory);
  command->callback([&options, wish] { restore(options, *wish); });
}

}  // namespace ms::cli
