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

/// The file system of Nginx's cache.
struct Room {
  std::uint64_t total = 0;  ///< bytes
  std::uint64_t free = 0;   ///< that Nginx may use
  bool operator==(const Room&) const = default;
};

/// Whether so little is left that Nginx may fail to write a page, which it then does not send either. `was`: what was
/// said before; a disk that was too full has to have twice the room again.
bool too_full(const Room& room, bool was);

/// By which generation of saved pages Nginx goes: its cache key begins with where the symbolic link `current` leads
/// (deploy/nginx, $minschool_generation). To forget all pages is to lead it elsewhere: at once, whatever is being
/// fetched meanwhile, and also when this process or Nginx is started anew. While the cache's disk is full it leads to
/// "/", by which Nginx keeps nothing. One thread.
class SavedPages {
 public:
  /// A folder that cannot be written is said in the log: the monitor has more to do, and Nginx saves nothing then.
  explicit SavedPages(std::filesystem::path folder);

  /// Nginx uses no page that it has saved until now, nor, from kAgain later on, one that an app server made of what it
  /// still remembered. Throws std::runtime_error.
  void forget();
  /// Watches the disk of the folder that `cache` names (empty: not known yet), for as long as the program runs. What is
  /// forgotten once more waits until an app server is there to make pages anew (`serving`): in an outage the saved ones
  /// are all there is.
  async<void> run(std::function<std::string()> cache, std::function<bool()> serving);

  /// Whether pages are kept.
  bool kept() const noexcept { return !full_; }
  /// Nothing where it cannot be asked.
  const std::optional<Room>& room() const noexcept { return room_; }
  std::uint64_t forgotten() const noexcept { return forgotten_; }

 private:
  void begin();
  void renew();
  void lead_to(const std::filesystem::path& target);
  void look(const std::string& cache, const std::function<bool()>& serving);

  std::filesystem::path folder_;
  std::filesystem::path generation_;
  std::filesystem::path previous_;
  std::optional<Deadline> again_;
  std::optional<Room> room_;
  bool full_ = false;
  std::uint64_t forgotten_ = 0;
};

}  // namespace ms::monitor
