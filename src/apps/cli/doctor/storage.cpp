// Where the files of members are: whether the programs can write there and Nginx can read.
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "apps/cli/doctor/checks.hpp"
#include "infra/storage/open.hpp"

namespace ms::cli::doctor {
namespace {

constexpr std::uint64_t kMegabyte = 1024 * 1024;
constexpr std::uint64_t kMinFreeMb = 1000;

bool same_place(const config::Settings::Storage& a, const config::Settings::Storage& b) {
  return a.folder == b.folder && a.s3_endpoint == b.s3_endpoint && a.s3_bucket == b.s3_bucket;
}

void check_s3(const config::Settings& settings, Report& report) {
  const auto& place = settings.storage;
  const std::string name = fmt::format("{} of {}", place.s3_bucket, place.s3_endpoint);
  auto config = config::storage_config(settings);
  config.s3.time = std::chrono::seconds(4);
  const auto found = storage::open_store(config)->list("", "", 1);
  if (!found) {
    return report.wrong("files", found.error().what,
                        "correct [storage] s3_… in site.toml and admin.toml, or the rights of the access key");
  }
  report.ok("files", "in bucket " + name);
}

/// Who may enter the folder: the programs as its owner, Nginx as its group or as anybody.
void check_rights_of(const std::string& folder, const struct stat& about, Report& report) {
  const passwd* programs = ::getpwnam("minschool");
  const group* nginx = ::getgrnam("www-data");
  const std::string remedy = fmt::format("chown minschool:www-data {0} && chmod 0750 {0}", folder);
  const bool writable =
      programs == nullptr || (about.st_uid == programs->pw_uid && (about.st_mode & S_IRWXU) == S_IRWXU);
  if (!writable) return report.wrong("files", folder + " cannot be written by the programs", remedy);
  const bool readable = nginx == nullptr || (about.st_mode & S_IXOTH) != 0 ||
                        (about.st_gid == nginx->gr_gid && (about.st_mode & S_IXGRP) != 0);
  if (!readable) return report.wrong("files", folder + " cannot be entered by Nginx", remedy);
  report.ok("files", "in " + folder);
}

void check_folder(const std::string& folder, Report& report) {
  struct stat about{};
  if (::stat(folder.c_str(), &about) != 0 || !S_ISDIR(about.st_mode)) {
    return report.wrong("files", fmt::format("{}: {}", folder, std::strerror(errno)), "minschool setup makes it");
  }
  check_rights_of(folder, about, report);
  struct statvfs room{};
  if (::statvfs(folder.c_str(), &room) != 0) return;
  const std::uint64_t free = room.f_bavail * room.f_frsize / kMegabyte;
  if (free < kMinFreeMb) {
    report.wrong("files", fmt::format("{} MB free for {}", free, folder),
                 "make room, or set [files] site_gb lower: uploads fail when the disk is full");
  }
}

}  // namespace

void check_storage(const SiteFacts& facts, Report& report) {
  if (!facts.site) return;
  for (const auto* other : {&facts.admin, &facts.owner}) {
    if (*other && !same_place((*other)->storage, facts.site->storage)) {
      report.wrong("files", "[storage] is not the same in site.toml, admin.toml and owner.toml",
                   "make it the same; systemctl reload minschool-site minschool-admin");
    }
  }
  const auto& place = facts.site->storage;
  place.s3_endpoint.empty() ? check_folder(place.folder, report) : check_s3(*facts.site, report);
}

}  // namespace ms::cli::doctor
