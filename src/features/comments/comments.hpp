#pragma once
#include <optional>
#include <string>
#include <vector>

#include "features/boards/boards.hpp"
#include "features/posts/posts.hpp"
#include "infra/core/result.hpp"
#include "infra/core/time.hpp"
#include "infra/pg/db.hpp"
#include "infra/session/viewer.hpp"
#include "infra/web/router.hpp"

// Comments of a post and replies to them. Replies hang on the top-level comment (root) that began the thread, so that a
// page of threads is two index ranges. Staff's acts are in features/moderation.
namespace ms::comments {

constexpr std::size_t kContentLimit = 3'000;  ///< characters
constexpr int kThreadsPerPage = 50;           ///< top-level comments with all their replies
constexpr int kDeepestShown = 4;              ///< replies below are shown at this depth: deeper is unreadable on phones

struct Comment {
  CommentId id;
  PostId post;
  std::optional<CommentId> parent;
  UserId author;
  std::string author_name;
  std::string content;
  std::string content_html;
  Timestamp created;
  std::optional<Timestamp> updated;
  bool deleted = false;
  bool hidden = false;
  int depth = 0;  ///< 0 as read; filled by threads(): 0 for a top-level comment

  bool shown() const noexcept { return !deleted && !hidden; }
};

/// A page of threads in reading order; a removed comment stays as a gap only while replies hang on it.
struct Threads {
  std::vector<Comment> comments;
  std::int64_t number = 1;
  std::int64_t last = 1;
  std::int64_t total = 0;  ///< top-level comments on all pages, with those that were removed
};

struct Draft {
  PostId post;
  std::optional<CommentId> parent;
  std::string content;
};
Result<void> check(std::string_view content);

class Comments {
 public:
  Comments(pg::Db& db, boards::Boards& boards) : db_(db), boards_(boards) {}

  /// The caller has made sure that the post may be read. `number` 0 is the last page, where the newest threads stand.
  async<Threads> threads(const Call& call, PostId post, std::int64_t number);
  /// The page of threads on which a comment stands, and its post; for links to one comment. Refused: not_found and, as
  /// for posts, when the board may not be read.
  struct Place {
    PostId post;
    BoardId board;
    std::int64_t page = 1;
  };
  async<Result<Place>> place(const Call& call, const session::Viewer& who, CommentId id);
  /// One visible comment, to edit. Refused: not_found, forbidden (not the author).
  async<Result<Comment>> own(const Call& call, const session::Viewer& who, CommentId id);

  /// Two round trips. Refused: invalid, not_found (the post or the parent is gone), forbidden.
  async<Result<CommentId>> write(const Call& call, const session::Viewer& who, Draft draft);
  async<Result<void>> edit(const Call& call, const session::Viewer& who, CommentId id, std::string content);
  /// Own comments, or anybody's with Permission::remove.
  async<Result<void>> remove(const Call& call, const session::Viewer& who, CommentId id);

 private:
  pg::Db& db_;
  boards::Boards& boards_;
};

void add_site_routes(web::Router& router, Comments& comments, boards::Boards& boards);
void add_api_routes(web::Router& router, Comments& comments, posts::Posts& posts);

}  // namespace ms::comments
