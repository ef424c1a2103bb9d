#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "features/boards/boards.hpp"
#include "infra/core/result.hpp"
#include "infra/limit/limiter.hpp"
#include "infra/pg/db.hpp"
#include "infra/session/viewer.hpp"
#include "infra/web/router.hpp"

namespace ms::write {
class Writer;
}

// Likes of posts and comments, one for each member. A page gets the counts with the post and the comments themselves
// (posts::Post, comments::Comment).
namespace ms::likes {

/// A visible post, or a visible comment of one, for one viewer.
struct Liked {
  PostId post;
  std::optional<CommentId> comment;  ///< none: the post itself
  BoardId board;
  MemberId author;
  std::int64_t likes = 0;
  bool liked = false;  ///< the viewer likes it
};

/// Who likes what of a post, for all viewers.
struct Likers {
  struct One {
    MemberId member;
    std::int64_t what = 0;  ///< a comment's id; 0: the post itself
  };
  static constexpr std::size_t kMax = 2000;  // 32 KB

  std::vector<One> all;  ///< ordered by member
  bool complete = true;  ///< false: there are more than kMax, and `all` is empty

  /// As Likes::of; only when `complete`.
  std::vector<std::int64_t> of(MemberId member) const;
};

class Likes {
 public:
  Likes(pg::Db& db, boards::Boards& boards, limit::Limiter& limiter, write::Writer& writer)
      : db_(db), boards_(boards), limiter_(limiter), writer_(writer) {}

  /// Unexpected: not_found, also when the board may not be read.
  async<Result<Liked>> find(const Call& call, const session::Viewer& viewer, PostId id);
  async<Result<Liked>> find(const Call& call, const session::Viewer& viewer, CommentId id);

  /// What a member likes of a post: the ids of its comments, and 0 when it is the post itself.
  async<std::vector<std::int64_t>> of(const Call& call, MemberId member, PostId post);
  async<Likers> likers(const Call& call, PostId post);

  /// Adds or removes the like of `viewer` and returns the new state. Does nothing when that is the state already; only
  /// a new like notifies the author. Unexpected: unauthenticated, not_found (gone meanwhile), too_many.
  async<Result<Liked>> set(const Call& call, const session::Viewer& viewer, Liked found, bool liked);

 private:
  async<Result<Liked>> find_again(const Call& call, const session::Viewer& viewer, const Liked& found);

  pg::Db& db_;
  boards::Boards& boards_;
  limit::Limiter& limiter_;
  write::Writer& writer_;
};

/// POST /posts/{id}/like and /unlike, /comments/{id}/like and /unlike.
void add_site_routes(web::Router& router, Likes& likes, boards::Boards& boards);
/// PUT and DELETE of /api/v1/posts/{id}/like and /api/v1/comments/{id}/like.
void add_api_routes(web::Router& router, Likes& likes);

}  // namespace ms::likes
