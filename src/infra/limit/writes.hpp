#pragma once
#include <array>

namespace ms::limit {

/// Writes of members that others see or are notified of; each kind has a limit of its own. `edit`: also deleting, and
/// changes of one's own data. `mention`: members that a text notifies.
enum class Write { post, comment, edit, like, follow, mention };

/// Most writes of one member in a minute.
struct WriteLimits {
  std::array<int, 6> each_minute{20, 30, 30, 60, 30, 60};  ///< by Write
  int staff_factor = 10;                                   ///< the limits of staff are so many times as high
};

}  // namespace ms::limit
