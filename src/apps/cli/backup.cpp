#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <memory>

#include "apps/cli/archive.hpp"
#include "apps/cli/command.hpp"
#include "apps/cli/database.hpp"
#include "apps/cli/seal.hpp"
#include "apps/cli/tool.hpp"
#include "infra/core/version.hpp"

namespace ms::cli {
namespace {

namespace fs = std::filesystem;

struct Wish {
  fs::path to = ".";
  std::vector<fs::path> folders;
  fs::path key;
};

/// The archive's own path; `to` may be a folder, which gives it a name with the time.
fs::path target_of(const Wish& wish) {
  if (!fs::is_directory(wish.to)) return wish.to;
  const auto name = fmt::format("minschool-{:%Y%m%dT%H%M%SZ}.tar", fmt::gmtime(std::time(nullptr)));
  return wish.to / (wish.key.empty() ? name : name + ".sealed");
}

void write_about(const fs::path& file, const config::Settings& settings) {
  Database database(settings);
  const auto schema = database.query("select max(number) from schema_migrations").front().front().value_or("0");
  std::ofstream out(file);
  out << fmt::format("MinSchool backup 1\nversion {}\nschema {}\ntime {:%Y-%m-%dT%H:%M:%SZ}\n", version(), schema,
                     fmt::gmtime(std::time(nullptr)));
  for (const auto& [name, value] : libpq_environment(settings)) {
    if (name == "PGDATABASE") out << "database " << value << '\n';
  }
}

/// Writes the archive beside its place and moves it there when it is whole and on the disk.
void pack(const fs::path& folder, const fs::path& target, const Wish& wish) {
  const fs::path unfinished = folder / "archive";
  File out(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (out.get() < 0) throw Failure(fmt::format("{}: {}", unfinished.string(), std::strerror(errno)));
  Tool tar{{"tar", "--create", "--directory", (folder / "content").string(), "."}};
  if (wish.key.empty()) {
    tar.out = out.get();
    run(tar);
  } else {
    const Key key(wish.key);
    run_drained(std::move(tar), [&](int pipe) { seal(key, pipe, out.get()); });
  }
  if (::fsync(out.get()) != 0) throw Failure(fmt::format("{}: {}", target.string(), std::strerror(errno)));
  // link() instead of rename(): it refuses to write over an older archive.
  if (::link(unfinished.c_str(), target.c_str()) != 0) {
    throw Failure(fmt::format("{}: {}", target.string(), std::strerror(errno)));
  }
}

void back_up(const Options& options, const Wish& wish) {
  const auto settings = load_settings(options);
  if (!wish.key.empty()) static_cast<void>(Key(wish.key));  // before the work
  const fs::path target = fs::absolute(target_of(wish));
  if (fs::exists(target)) throw Failure(target.string() + " is there already", kRefused);
  const WorkFolder work(target.parent_path());
  const fs::path content = work.path() / "content";
  fs::create_directory(content);
  // One snapshot of all tables (pg_dump's manual); who restores decides about owners.
  run({{"pg_dump", "--format=custom", "--no-owner", "--file", (content / kDump).string()},
       libpq_environment(settings)});
  write_about(content / kAbout, settings);
  for (std::size_t i = 0; i < wish.folders.size(); ++i) {
    const fs::path into = content / kFiles / std::to_string(i + 1);
    fs::create_directories(into);
    run({{"cp", "--archive", "--", fs::absolute(wish.folders[i]).string() + "/.", into.string()}});
    std::ofstream(content / kAbout, std::ios::app)
        << "files " << i + 1 << ' ' << fs::absolute(wish.folders[i]).string() << '\n';
  }
  run({{"sh", "-c", fmt::format("find . -type f ! -name {0} -print0 | sort -z | xargs -0 sha256sum > {0}", kSums)},
       {},
       -1,
       -1,
       content});
  pack(work.path(), target, wish);
  std::cout << fmt::format("{} ({} bytes)\n", target.string(), fs::file_size(target));
}

}  // namespace

void add_backup(CLI::App& app, const Options& options) {
  auto* command = app.add_subcommand("backup", "Writes the database, as of one moment, and folders into one archive");
  const auto wish = std::make_shared<Wish>();
  command->add_option("--to", wish->to, "The archive, or a folder for it (default: here)");
  command->add_option("--files", wish->folders, "A folder to take along; may be given again")
      ->check(CLI::ExistingDirectory);
  command->add_option("--key-file", wish->key, "Seals the archive with the key in this file (openssl rand -base64 32)");
  command->callback([&options, wish] { back_up(options, *wish); });
}

}  // namespace ms::cli
