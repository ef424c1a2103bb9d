#include "apps/monitor/saved_pages.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <stdexcept>
#include <system_error>

#include "infra/core/secret.hpp"
#include "infra/io/sleep.hpp"

namespace ms::monitor {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kCheckPeriod{250};
/// Longer than an app server caches what pages show, and than it takes to answer (site.remember_ms, http.answer_ms).
constexpr std::chrono::seconds kSecondPurgeDelay{3};
constexpr std::uint64_t kMinFree = 32ULL * 1024 * 1024;  // some hundred pages at once
constexpr std::uint64_t kMinShare = 10;                  // a tenth of a small disk
constexpr std::size_t kNameBytes = 8;
constexpr mode_t kReadableByAll = 0755;  // Nginx's workers are another user
const fs::path kNoGeneration = "/";      // a value of the map $minschool_unkept in Nginx's file

std::optional<DiskSpace> disk_space(const std::string& path) {
  struct statvfs found{};
  if (path.empty() || ::statvfs(path.c_str(), &found) != 0) return std::nullopt;
  const bool no_files = found.f_files > 0 && found.f_favail == 0;
  return DiskSpace{found.f_blocks * found.f_frsize, no_files ? 0 : found.f_bavail * found.f_frsize};
}

[[noreturn]] void fail(const fs::path& path, const std::error_code& error) {
  throw std::runtime_error(
      fmt::format("{}: {}; see that the folder of monitor.saved_pages is this user's", path.string(), error.message()));
}

}  // namespace

bool too_full(const DiskSpace& disk, bool was) {
  const std::uint64_t least = std::min(kMinFree, disk.total / kMinShare);
  return disk.free < (was ? 2 * least : least);
}

SavedPages::SavedPages(fs::path folder) : folder_(std::move(folder)) {
  try {
    begin();
  } catch (const std::exception& fault) { spdlog::error("Nginx cannot save pages: {}", fault.what()); }
}

void SavedPages::begin() {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) fail(folder_, error);
  ::chmod(folder_.c_str(), kReadableByAll);
  // Pages that were saved before this process started are still valid.
  const fs::path target = fs::read_symlink(folder_ / "current", error);
  if (!error && target != kNoGeneration && fs::is_directory(folder_ / target, error)) {
    generation_ = target;
  } else {
    renew();
  }
}

void SavedPages::renew() {
  const fs::path fresh = secret::random_id(kNameBytes);
  std::error_code error;
  fs::create_directory(folder_ / fresh, error);
  if (error) fail(folder_ / fresh, error);
  if (!full_) point_to(fresh);
  previous_ = std::exchange(generation_, fresh);
  // The previous one stays: Nginx may be about to use it.
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    const fs::path name = entry.path().filename();
    if (name != generation_ && name != previous_ && !entry.is_symlink()) fs::remove(entry.path(), error);
  }
}

void SavedPages::point_to(const fs::path& target) {
  const fs::path fresh = folder_ / "current.new";
  std::error_code error;
  fs::remove(fresh, error);
  fs::create_symlink(target, fresh, error);
  if (!error) fs::rename(fresh, folder_ / "current", error);
  if (error) fail(fresh, error);
}

void SavedPages::purge() {
  if (generation_.empty()) begin();
  renew();
  ++purges_;
  second_purge_at_ = steady_clock::now() + kSecondPurgeDelay;
}

void SavedPages::check(const std::string& cache, const std::function<bool()>& serving) {
  if (second_purge_at_ && *second_purge_at_ <= steady_clock::now() && serving()) {
    second_purge_at_.reset();
    renew();
  }
  disk_ = disk_space(cache);
  const bool full = disk_ && too_full(*disk_, full_);
  if (full == full_ || generation_.empty()) return;
  point_to(full ? kNoGeneration : generation_);
  full_ = full;
  if (full) {
    spdlog::error("{} is full: Nginx saves no pages", cache);
  } else {
    spdlog::info("{} has room again: Nginx saves pages", cache);
  }
}

async<void> SavedPages::run(std::function<std::string()> cache, std::function<bool()> serving) {
  std::string last_error;
  while (true) {
    co_await sleep_for(kCheckPeriod);
    try {
      check(cache(), serving);
      last_error.clear();
    } catch (const std::exception& fault) {
      if (last_error != fault.what()) spdlog::error("{}", fault.what());
      last_error = fault.what();
    }
  }
}

}  // namespace ms::monitor
