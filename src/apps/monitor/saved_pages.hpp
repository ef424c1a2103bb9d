#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "infra/io/async.hpp"
#include "infra/io/call.hpp"

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

/// The generation of saved pages that Nginx uses: its cache keys begin with the target of the symbolic link `current`
/// (deploy/nginx, $minschool_generation). Purging all pages means changing the target: it works at once, whatever is
/// being fetched, and also across restarts of this process or of Nginx. While the cache's disk is full the target is
/// "/", with which Nginx saves nothing. One thread.
class SavedPages {
 public:
  /// Logs an error when the folder cannot be written: the monitor has other work, and Nginx then saves nothing.
  explicit SavedPages(std::filesystem::path folder);

  /// Nginx uses no page that it saved until now, nor, kSecondPurgeDelay later, one that an app server made from values
  /// it still had in its caches. Throws std::runtime_error.
  void purge();
  /// Watches the disk of the folder that `cache` returns (empty: not known yet) as long as the program runs. The second
  /// purge waits until an app server can make pages again (`serving`): in an outage the saved ones are all there is.
  async<void> run(std::function<std::string()> cache, std::function<bool()> serving);

  /// Whether Nginx saves pages.
  bool saving() const noexcept { return !full_; }
  /// Nothing when it cannot be read.
  const std::optional<DiskSpace>& disk() const noexcept { return disk_; }
  std::uint64_t purges() const noexcept { return purges_; }

 private:
  void begin();
  void renew();
  void point_to(const std::filesystem::path& target);
  void check(const std::string& cache, const std::function<bool()>& serving);

  std::filesystem::path folder_;
  std::filesystem::path generation_;
  std::filesystem::path previous_;
  std::optional<Deadline> second_purge_at_;
  std::optional<DiskSpace> disk_;
  bool full_ = false;
  std::uint64_t purges_ = 0;
};

}  // namespace ms::monitor
