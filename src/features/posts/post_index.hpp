#pragma once
#include "infra/cache/local_cache.hpp"
#include "infra/core/id.hpp"

namespace ms::posts {

/// What never changes of a post: the board it stands on and who wrote it. That it is still visible is not said.
struct PostRef {
  BoardId board;
  MemberId author;
};

/// Board and author of the posts that this thread has read lately, so that who adds something to a post that they have
/// just seen need not ask for it first.
using PostIndex = cache::LocalCache<PostId, PostRef>;

}  // namespace ms::posts
