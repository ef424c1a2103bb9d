#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/monitor/purge_scope.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/io/cpu_pool.hpp"

namespace ms::monitor {

/// The free space of the file system with Nginx's cache.
struct DiskSpace {
  std::uint64_t total = 0;  ///< bytes
  std::uint64_t free = 0;   ///< available to Nginx
  bool operator==(const DiskSpace&) const = default;
};

/// Whether so little is left that Nginx may fail to write a page, which it then does not send either. `was`: the
/// previous result; a disk that was too full must have twice the space again.
bool too_full(const DiskSpace& disk, bool was);

/// The pages that Nginx saved. A purge makes their files invalid (cache_files.hpp), and also changes the target of the
/// symbolic link `current` in the folder: Nginx saves no page that it began to fetch under another target
/// ($minschool_unkept in deploy/nginx). While the cache's disk is full the target is "/", with which Nginx saves
/// nothing. One thread.
class SavedPages {
 public:
  /// `cache` returns the folder of Nginx's cache: "" when it has none, nothing when that is not known yet. `serving`:
  /// whether an app server can make pages. Logs an error when the folder cannot be written: the monitor has other work,
  /// and Nginx then saves nothing.
  SavedPages(std::filesystem::path folder, std::function<std::optional<std::string>()> cache,
             std::function<bool()> serving);
  ~SavedPages();

  /// Nginx uses no page of this scope that it saved, or began to fetch, until now. Soon the files that were written
  /// since are scanned again: a page may have been on its way to its file, and an app server may have made one from
  /// values that it still had in its caches. Throws std::runtime_error.
  async<void> purge(PurgeScope scope);
  /// Watches the disk and scans again after purges, as long as the program runs.
  async<void> run();

  /// Whether Nginx saves pages.
  bool saving() const noexcept { return !full_; }
  /// Nothing when it cannot be read.
  const std::optional<DiskSpace>& disk() const noexcept { return disk_; }
  std::uint64_t purges() const noexcept { return purges_; }
  /// Pages that purges concerned.
  std::uint64_t purged_pages() const noexcept { return purged_pages_; }

 private:
  struct Scan;
  /// A further scan that a purge needs.
  struct DueScan {
    std::chrono::steady_clock::time_point at;
    std::chrono::system_clock::time_point since;
    PurgeScope scope;
    bool serving;  ///< only when an app server can make pages: in an outage the saved ones are all there is
  };

  void begin();
  void renew();
  void point_to(const std::filesystem::path& target);
  async<void> invalidate(const PurgeScope& scope, std::chrono::system_clock::time_point since);
  async<void> scan_all();
  async<void> run_due_scans();
  void check_disk();

  std::filesystem::path folder_;
  std::function<std::optional<std::string>()> cache_;
  std::function<bool()> serving_;
  std::filesystem::path generation_;
  std::filesystem::path previous_;
  std::vector<DueScan> due_scans_;
  std::optional<DiskSpace> disk_;
  bool full_ = false;
  std::uint64_t purges_ = 0;
  std::uint64_t purged_pages_ = 0;
  std::shared_ptr<Scan> next_;  ///< not begun yet: further purges join it
  bool scanning_ = false;
  CpuPool pool_;
};

}  // namespace ms::monitor
