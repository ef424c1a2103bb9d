#pragma once
#include <optional>
#include <string>

#include "features/boards/boards.hpp"
#include "features/comments/comments.hpp"
#include "features/posts/posts.hpp"
#include "infra/core/result.hpp"
#include "infra/session/viewer.hpp"

namespace ms::site {

/// What the page of one post shows.
struct PostPage {
  const posts::Reading& reading;
  std::int64_t views;
  bool liked;  ///< the post, by who reads it
  const boards::Board& board;
  const comments::ShownThreads& threads;
  const session::Viewer& viewer;
  Timestamp now;
  std::optional<CommentId> reply_to;  ///< the reply form is open below this comment (without JavaScript)
  comments::FormState comment = {};   ///< that was sent and comes back
};

}  // namespace ms::site
