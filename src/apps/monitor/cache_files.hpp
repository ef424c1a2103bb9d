#pragma once
#include <chrono>
#include <cstddef>
#include <filesystem>

#include "apps/monitor/purge_scope.hpp"

namespace ms::monitor {

struct Invalidated {
  std::size_t pages = 0;  ///< that Nginx will not use
  std::size_t read = 0;   ///< files that were looked at
};

/// Makes Nginx fetch anew what it saved in this folder (of proxy_cache_path) and `scope` concerns: in the file's head
/// the version of its format is overwritten, and Nginx ignores a file of another version. So it is with a file that
/// Nginx has open, it needs no space on the disk, and Nginx's own administration of the files stays right, as it would
/// not if they were removed. Looks only at files that were written since `since`.
///
/// A missing folder has no pages. Throws std::runtime_error when a page cannot be read or changed.
Invalidated invalidate(const std::filesystem::path& folder, const PurgeScope& scope,
                       std::chrono::system_clock::time_point since);

}  // namespace ms::monitor
