#include "apps/cli/restore.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <iostream>
#include <memory>
#include <sstream>

#include "apps/cli/archive.hpp"
#include "apps/cli/command.hpp"
#include "apps/cli/database.hpp"
#include "apps/cli/history.hpp"
#include "apps/cli/seal.hpp"
#include "apps/cli/tool.hpp"
#include "infra/pg/migrate.hpp"
#include "infra/storage/local_folder.hpp"
#include "infra/storage/open.hpp"

namespace ms::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNoRight = "42501";

/// A dump names roles, because it grants rights to them.
void make_roles(Database& database) {
  for (const char* role : {"minschool_site", "minschool_admin"}) {
    if (!database.query("select from pg_roles where rolname = $1", {role}).empty()) continue;
    try {
      database.query(fmt::format("create role {} nologin", role));
    } catch (const DatabaseError& fault) {
      if (fault.sqlstate() != kNoRight) throw;
      throw Failure(fmt::format(
          "the role {} is missing and this one may not make it: on a new machine `minschool setup --restore ARCHIVE` "
          "makes all of them and restores, or as superuser: create role {} login",
          role, role));
    }
  }
}

/// Passes the pieces of the dump to `take` until it returns false.
void read_dump(const RestoreOptions& chosen, const Key* key, const std::function<bool(std::string_view)>& take) {
  ArchiveReader archive(chosen.archive, key);
  bool wanted = true;
  while (wanted) {
    const auto entry = archive.next();
    if (!entry) return;
    if (!entry->is_file || !entry->name.starts_with(kDump)) continue;
    archive.read([&](std::string_view bytes) { return wanted = take(bytes); });
  }
}

/// An anonymous file in memory.
std::string in_memory(const File& file) { return fmt::format("/proc/{}/fd/{}", ::getpid(), file.get()); }

std::string content_of(const File& file) {
  std::string out;
  std::array<char, 4096> block{};
  ::lseek(file.get(), 0, SEEK_SET);
  while (const std::size_t count = read_up_to(file.get(), block.data(), block.size())) out.append(block.data(), count);
  return out;
}

/// The dump's contents except extensions, which belong to the machine (pg_stat_statements) and need a superuser.
void list_ours(const RestoreOptions& chosen, const Key* key, const File& list) {
  const File all(::memfd_create("list", MFD_CLOEXEC));
  Tool list_tool{{"pg_restore", "--format=custom", "--list"}};
  list_tool.out = all.get();
  // pg_restore reads the beginning and exits.
  run_fed(std::move(list_tool), [&](int pipe) {
    read_dump(chosen, key, [pipe](std::string_view bytes) { return offer(pipe, bytes.data(), bytes.size()); });
  });
  std::istringstream in(content_of(all));
  for (std::string line; std::getline(in, line);) {
    line += '\n';
    if (!line.contains(" EXTENSION ")) write_all(list.get(), line.data(), line.size());
  }
}

void restore_database(const config::Settings& settings, const RestoreOptions& chosen, const Key* key) {
  const auto environment = libpq_environment(settings);
  const auto name = environment.find("PGDATABASE");
  if (name == environment.end()) throw Failure("[database] url names no dbname");
  const File list(::memfd_create("list", MFD_CLOEXEC));
  list_ours(chosen, key, list);
  // In one transaction, so that an interrupted restore leaves nothing.
  Tool restorer{{"pg_restore", "--format=custom", "--no-owner", "--single-transaction", "--exit-on-error", "--use-list",
                 in_memory(list), "--dbname", name->second},
                environment};
  run_fed(std::move(restorer), [&](int pipe) {
    read_dump(chosen, key, [pipe](std::string_view bytes) { return offer(pipe, bytes.data(), bytes.size()); });
  });
}

void restore_files(const RestoreOptions& chosen, const Key* key) {
  const fs::path archive = fs::absolute(chosen.archive);
  ArchiveReader reader(archive, key);
  fs::current_path(chosen.files);
  const std::string begin = fmt::format("{}/", kFiles);
  while (const auto entry = reader.next()) {
    if (entry->name.starts_with(begin) && entry->name.size() > begin.size())
      reader.extract(entry->name.substr(begin.size()));
  }
}

/// Puts the files of members where [storage] says; those that are there stay. Returns how many there are.
int restore_objects(const config::Settings& settings, const RestoreOptions& chosen, const Key* key) {
  const auto store = storage::open_store(config::storage_config(settings));
  ArchiveReader reader(chosen.archive, key);
  const std::string begin = fmt::format("{}/", kObjects);
  const auto check = [](const auto& done) {
    if (!done && done.error().fault != storage::Fault::exists) throw Failure(done.error().what);
    return done.has_value();
  };
  int count = 0;
  while (const auto entry = reader.next()) {
    if (!entry->is_file || !entry->name.starts_with(begin)) continue;
    ++count;
    const std::string name = entry->name.substr(begin.size());
    const auto existing = store->exists(name);
    if (check(existing) && *existing) continue;
    const auto writer = store->put(name, storage::IfExists::refuse);
    if (!check(writer)) continue;
    reader.read([&](std::string_view bytes) { return check((*writer)->write(bytes)); });
    check((*writer)->commit());
  }
  return count;
}

}  // namespace

bool is_empty(const config::Settings& settings) {
  Database database(settings);
  return database.query("select count(*) from pg_tables where schemaname = 'public'").front().front() == "0";
}

void restore(const config::Settings& settings, const RestoreOptions& chosen) {
  std::optional<Key> key;
  if (!chosen.key.empty()) key.emplace(chosen.key);
  const Key* const opens = key ? &*key : nullptr;
  storage::LocalFolder(fs::absolute(chosen.archive).parent_path()).remove_unfinished();
  std::string about;
  {
    Database database(settings);
    if (const auto wrong = pg::wrong_encoding(database.connection())) throw Failure(wrong->says + "; " + wrong->remedy);
    if (!is_empty(settings)) {
      throw Failure(
          "the database is not empty; restore into a new one (as superuser: drop database, then the `create database` "
          "of docs/operating.md), or on a new machine with `minschool setup --restore ARCHIVE`",
          kRefused);
    }
    about = verify(chosen.archive, opens);
    make_roles(database);
  }
  // Before the database: a file that nothing refers to does no harm.
  const int objects = chosen.objects ? restore_objects(settings, chosen, opens) : 0;
  restore_database(settings, chosen, opens);
  Database restored(settings);
  // The dump lacks the statistics that the planner needs.
  restored.query("analyze");
  // The backup lacks later logouts and ids.
  begin_history(restored, settings);
  if (!chosen.files.empty()) restore_files(chosen, opens);
  if (objects > 0) std::cout << fmt::format("{} files of members\n", objects);
  std::cout << about << "Restored. All members have to log in again.\n";
}

void add_restore(CLI::App& app, const Options& options) {
  auto* command = app.add_subcommand("restore", "Brings an archive of `backup` into an empty database");
  const auto chosen = std::make_shared<RestoreOptions>();
  command->add_option("archive", chosen->archive, "What backup wrote")->required()->check(CLI::ExistingFile);
  command->add_option("--key-file", chosen->key, "The key that it was sealed with");
  command->add_flag("!--no-objects", chosen->objects, "Leaves the files of members out");
  command
      ->add_option("--files", chosen->files,
                   "Where the folders go that were taken along, as 1, 2, … (default: nowhere)")
      ->check(CLI::ExistingDirectory);
  command->callback([&options, chosen] { restore(load_settings(options), *chosen); });
}

}  // namespace ms::cli
