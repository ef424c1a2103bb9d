#pragma once
#include <vector>

#include "features/boards/boards.hpp"
#include "features/posts/posts.hpp"
#include "features/presence/presence.hpp"

namespace ms::site {

/// A board on the home page with its newest posts.
struct HomeBoard {
  const boards::Board* board;
  std::vector<const posts::Recent*> posts;
};

}  // namespace ms::site
