#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdint>
#include <ctime>
#include <iostream>
#include <memory>
#include <regex>

#include "apps/cli/archive.hpp"
#include "apps/cli/command.hpp"
#include "apps/cli/database.hpp"
#include "apps/cli/seal.hpp"
#include "apps/cli/tool.hpp"
#include "infra/core/version.hpp"
#include "infra/storage/local_folder.hpp"
#include "infra/storage/open.hpp"

namespace ms::cli {
namespace {

namespace fs = std::filesystem;

struct CommandOptions {
  fs::path to = ".";
  std::vector<fs::path> folders;
  fs::path key;
  std::size_t keep = 0;  ///< 0: all
  bool objects = true;
};

/// The path of the archive. `to` may be a folder; the archive then gets a name with the time.
fs::path target_of(const CommandOptions& chosen) {
  if (!fs::is_directory(chosen.to)) return chosen.to;
  const auto name = fmt::format("minschool-{:%Y%m%dT%H%M%SZ}.tar", fmt::gmtime(std::time(nullptr)));
  return chosen.to / (chosen.key.empty() ? name : name + ".sealed");
}

std::string about(const config::Settings& settings, const CommandOptions& chosen) {
  Database database(settings);
  const auto schema = database.query("select max(number) from schema_migrations").front().front().value_or("0");
  std::string out = fmt::format("MinSchool backup 1\nversion {}\nschema {}\ntime {:%Y-%m-%dT%H:%M:%SZ}\n", version(),
                                schema, fmt::gmtime(std::time(nullptr)));
  for (const auto& [name, value] : libpq_environment(settings)) {
    if (name == "PGDATABASE") out += fmt::format("database {}\n", value);
  }
  for (std::size_t i = 0; i < chosen.folders.size(); ++i) {
    out += fmt::format("files {} {}\n", i + 1, fs::absolute(chosen.folders[i]).string());
  }
  return out;
}

/// The value of a storage result; throws Failure for its error.
template <class T>
T must(storage::Result<T> result) {
  using storage::Fault;
  if (!result) throw Failure(result.error().what, result.error().fault == Fault::exists ? kRefused : kFailed);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// Removes all but the newest archives, which are sorted by the time in their names.
void remove_older(storage::Store& folder, std::size_t keep) {
  static const std::regex kName(R"(minschool-\d{8}T\d{6}Z\.tar(\.sealed)?)");
  std::vector<std::string> names;
  for (const storage::Object& one : must(folder.list("minschool-", "", SIZE_MAX))) {
    if (std::regex_match(one.key, kName)) names.push_back(one.key);
  }
  for (std::size_t i = 0; i + keep < names.size(); ++i) {
    must(folder.remove(names[i]));
    std::cout << fmt::format("{} removed\n", names[i]);
  }
}

/// Adds the files of members. One that a cleanup removes meanwhile is left out.
void add_objects(ArchiveWriter& archive, const config::Settings& settings) {
  constexpr std::size_t kPage = 1000;
  const auto store = storage::open_store(config::storage_config(settings));
  std::string after;
  while (true) {
    const auto found = store->list("", after, kPage);
    if (!found && found.error().fault == storage::Fault::not_found) return;  // no folder yet
    const auto page = must(found);
    for (const storage::Object& one : page) {
      after = one.key;
      if (!must(store->exists(one.key))) continue;
      archive.add_pieces(fmt::format("{}/{}", kObjects, one.key), one.size, [&](const Sink& out) {
        must(store->get(one.key, 0, UINT64_MAX, [&out](std::string_view bytes) {
          out(bytes);
          return true;
        }));
      });
    }
    if (page.size() < kPage) return;
  }
}

void back_up(const Options& options, const CommandOptions& chosen) {
  const auto settings = load_settings(options);
  std::optional<Key> key;
  if (!chosen.key.empty()) key.emplace(chosen.key);
  const fs::path target = fs::absolute(target_of(chosen));
  storage::LocalFolder folder(target.parent_path());
  const std::string name = target.filename().string();
  if (must(folder.exists(name))) throw Failure(target.string() + " is there already", kRefused);
  if (const int gone = folder.remove_unfinished(); gone > 0) {
    std::cerr << fmt::format("minschool: removed {} unfinished archive(s) of backups that were killed\n", gone);
  }
  const auto file = must(folder.put(name, storage::IfExists::refuse));
  ArchiveWriter archive([&file](std::string_view bytes) { must(file->write(bytes)); }, key ? &*key : nullptr);
  archive.add(std::string(kAbout), about(settings, chosen));
  // One snapshot of all tables (pg_dump's manual); the restore sets the owners.
  run_drained({{"pg_dump", "--format=custom", "--no-owner"}, libpq_environment(settings)},
              [&archive](int pipe) { archive.add_stream(std::string(kDump), pipe); });
  // After the dump, so that every file that it names is there.
  if (!settings.storage.s3_endpoint.empty()) {
    std::cout << "Members' files are in S3 and not in the archive: see docs/operating.md, Files\n";
  } else if (chosen.objects) {
    add_objects(archive, settings);
  }
  for (std::size_t i = 0; i < chosen.folders.size(); ++i) {
    archive.add_folder(fmt::format("{}/{}", kFiles, i + 1), fs::absolute(chosen.folders[i]));
  }
  archive.finish();
  must(file->commit());
  std::cout << fmt::format("{} ({} bytes)\n", target.string(), must(folder.size(name)));
  if (chosen.keep > 0) remove_older(folder, chosen.keep);
}

}  // namespace

void add_backup(CLI::App& app, const Options& options) {
  auto* command = app.add_subcommand(
      "backup", "Writes the database, as of one moment, members' files and folders into one archive");
  const auto chosen = std::make_shared<CommandOptions>();
  command->add_option("--to", chosen->to, "The archive, or a folder for it (default: here)");
  command->add_option("--files", chosen->folders, "A folder to take along; may be given again")
      ->check(CLI::ExistingDirectory);
  command->add_flag("!--no-objects", chosen->objects, "Leaves the files of members out ([storage] folder)");
  command
      ->add_option("--keep", chosen->keep, "Afterwards removes all but so many archives, the newest, from its folder")
      ->check(CLI::PositiveNumber);
  command->add_option("--key-file", chosen->key,
                      "Seals the archive with the key in this file (openssl rand -base64 32)");
  command->callback([&options, chosen] { back_up(options, *chosen); });
}

}  // namespace ms::cli
