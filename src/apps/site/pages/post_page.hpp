#pragma once
#include <optional>
#include <string>

#include "features/boards/boards.hpp"
#include "features/comments/comments.hpp"
#include "features/posts/posts.hpp"
#include "infra/core/result.hpp"
#include "infra/session/viewer.hpp"

namespace ms::site {

/// The content of a post's page.
struct PostPage {
  const posts::Reading& reading;
  std::int64_t views;
  bool liked;  ///< by the viewer
  const boards::Board& board;
  const comments::ShownThreads& threads;
  const session::Viewer& viewer;
  Timestamp now;
  std::optional<CommentId> reply_to;  ///< the reply form is open below this comment (without JavaScript)
  comments::FormState comment = {};   ///< a submitted comment that is shown again
};

}  // namespace ms::site
