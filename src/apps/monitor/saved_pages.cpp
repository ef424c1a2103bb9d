#include "apps/monitor/saved_pages.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <ranges>
#include <stdexcept>
#include <system_error>

#include "apps/monitor/cache_files.hpp"
#include "infra/core/secret.hpp"
#include "infra/io/async_event.hpp"
#include "infra/io/sleep.hpp"

namespace ms::monitor {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr std::chrono::milliseconds kCheckPeriod{250};
/// Longer than an app server caches what pages show, and than it takes to answer (site.remember_ms, http.answer_ms).
constexpr std::chrono::seconds kLastScanDelay{3};
/// Whoever asks for a purge waits for less than this (infra/purge).
constexpr std::chrono::seconds kMaxScan{2};
constexpr int kScans = 1;                                // at once
constexpr std::size_t kQueue = 1;                        // scan_all() sends one after the other
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

/// One run over the files, for all purges that came while the previous one ran.
struct SavedPages::Scan {
  PurgeScope scope;
  system_clock::time_point since = system_clock::time_point::max();
  std::string error;
  bool ended = false;
  std::shared_ptr<io::AsyncEvent> done = std::make_shared<io::AsyncEvent>();
};

SavedPages::SavedPages(fs::path folder, std::function<std::optional<std::string>()> cache,
                       std::function<bool()> serving)
    : folder_(std::move(folder)),
      cache_(std::move(cache)),
      serving_(std::move(serving)),
      pool_(kScans, kQueue, CpuPool::Priority::normal) {
  try {
    begin();
  } catch (const std::exception& fault) { spdlog::error("Nginx cannot save pages: {}", fault.what()); }
}

SavedPages::~SavedPages() = default;

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

async<void> SavedPages::purge(PurgeScope scope) {
  if (generation_.empty()) begin();
  renew();
  ++purges_;
  const auto now = steady_clock::now();
  const auto since = system_clock::now();
  due_scans_.push_back({now + kCheckPeriod, since, scope, false});
  due_scans_.push_back({now + kLastScanDelay, since, scope, scope.all()});
  co_await invalidate(scope, system_clock::time_point::min());
}

async<void> SavedPages::invalidate(const PurgeScope& scope, system_clock::time_point since) {
  if (!next_) next_ = std::make_shared<Scan>();
  const std::shared_ptr<Scan> scan = next_;
  scan->scope.merge(scope);
  scan->since = std::min(scan->since, since);
  if (!scanning_) asio::co_spawn(co_await asio::this_coro::executor, scan_all(), asio::detached);
  // It has ended already when it could not begin.
  if (!scan->ended) co_await io::AsyncEvent::wait(scan->done, steady_clock::now() + kMaxScan);
  if (!scan->ended) throw std::runtime_error("Nginx's cache is read too slowly");
  if (!scan->error.empty()) throw std::runtime_error(scan->error);
}

async<void> SavedPages::scan_all() {
  if (std::exchange(scanning_, true)) co_return;
  while (next_) {
    const std::shared_ptr<Scan> scan = std::exchange(next_, nullptr);
    try {
      const auto cache = cache_();
      if (!cache) throw std::runtime_error("the folder of Nginx's cache is not known yet");
      const std::function<Invalidated()> job = [cache = *cache, scope = scan->scope, since = scan->since] {
        return cache.empty() ? Invalidated{} : monitor::invalidate(cache, scope, since);
      };
      const auto found = co_await pool_.run<Invalidated>(job, steady_clock::now() + kMaxScan);
      if (!found) throw std::runtime_error("Nginx's cache is read too slowly");
      purged_pages_ += found->pages;
    } catch (const std::exception& fault) { scan->error = fault.what(); }
    scan->ended = true;
    scan->done->notify_all();
  }
  scanning_ = false;
}

async<void> SavedPages::run_due_scans() {
  const auto now = steady_clock::now();
  const bool serving = serving_();
  const auto waits = [&](const DueScan& scan) { return scan.at > now || (scan.serving && !serving); };
  const auto due = std::ranges::partition(due_scans_, waits);
  if (due.empty()) co_return;
  DueScan all = std::move(due.front());
  for (const DueScan& other : due | std::views::drop(1)) {
    all.scope.merge(other.scope);
    all.since = std::min(all.since, other.since);
  }
  due_scans_.erase(due.begin(), due.end());
  try {
    co_await invalidate(all.scope, all.since);
  } catch (...) {
    due_scans_.push_back(std::move(all));
    throw;
  }
}

void SavedPages::check_disk() {
  const std::string cache = cache_().value_or("");
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

async<void> SavedPages::run() {
  std::string last_error;
  while (true) {
    co_await sleep_for(kCheckPeriod);
    try {
      check_disk();
      co_await run_due_scans();
      last_error.clear();
    } catch (const std::exception& fault) {
      if (last_error != fault.what()) spdlog::error("{}", fault.what());
      last_error = fault.what();
    }
  }
}

}  // namespace ms::monitor
