#pragma once
#include "features/posts/posts.hpp"
#include "infra/pg/db.hpp"
#include "infra/view/out.hpp"
#include "infra/write/write.hpp"

// SQL of posts only: one function is one named query.
namespace ms::posts::store {

/// A row of a board's page: first the board itself (id: its visible posts, number: the highest one assigned), then on
/// the first page its notices, then its lines. Columns are expensive, so `part` also says whether a line is a notice.
struct BoardRow {
  enum Part : int { board = 0, pinned = 1, line = 2, notice_line = 3 };
  int part = board;
  std::int64_t id = 0;
  std::int64_t number = 0;
  std::string title;
  MemberId author;
  std::string author_name;
  Timestamp created;
  std::int64_t views = 0;
  std::int64_t comments = 0;
};
/// The newest kPostsPerPage lines.
pg::ResultHandle<BoardRow> first_page(pg::Statements& out, BoardId board);
/// The kPostsPerPage lines after the newest `skip` visible ones, found by post_places.
pg::ResultHandle<BoardRow> later_page(pg::Statements& out, BoardId board, std::int64_t skip);

/// A visible post of any board, with whether `member` likes it.
pg::ResultHandle<Post> find(pg::Statements& out, PostId id, MemberId member);
/// Both in any order, without posts that do not exist.
pg::ResultHandle<VersionWithNeighbours> versions_with_neighbours(pg::Statements& out, const std::vector<PostId>& at);
pg::ResultHandle<Version> versions(pg::Statements& out, const std::vector<PostId>& of);
/// The newest `each` posts of every board on the home page that a member of `rank` may read.
pg::ResultHandle<Recent> recent(pg::Statements& out, int rank, int each);

write::Inserted<PostId, PostId> insert(write::Write& out, BoardId board, const Draft& draft,
                                       const view::SafeHtml& html);
/// Fails the transaction (409) when the post has another version.
void guard_version(pg::Statements& out, PostId id, std::int64_t version);
void update(pg::Statements& out, PostId id, const Draft& draft, const view::SafeHtml& html);
void remove(pg::Statements& out, PostId id, MemberId by);

/// A visible post with a higher number than given, and the board's highest number at the same moment; without a post
/// when there is none.
struct NewPost {
  std::int64_t newest = 0;
  std::int64_t number = 0;  ///< 0: none
};
/// Ascending; one row at least, unless there is no such board.
pg::ResultHandle<NewPost> since(pg::Statements& out, BoardId board, std::int64_t number, int limit);
struct Number {
  std::int64_t board = 0;
  std::int64_t newest = 0;
};
pg::ResultHandle<Number> numbers(pg::Statements& out, const std::vector<std::int64_t>& boards);

}  // namespace ms::posts::store
