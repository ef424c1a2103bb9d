#pragma once
#include "infra/cache/local_cache.hpp"
#include "infra/core/id.hpp"

namespace ms::posts {

/// What never changes about a post: its board and its author. It says nothing about visibility.
struct PostRef {
  BoardId board;
  MemberId author;
};

/// Board and author of the posts that this thread has read lately, so that adding something to a post does not have to
/// read the post first.
using PostIndex = cache::LocalCache<PostId, PostRef>;

}  // namespace ms::posts
