#pragma once
#include "features/comments/comments.hpp"
#include "features/comments/threads.hpp"
#include "infra/pg/db.hpp"
#include "infra/view/out.hpp"
#include "infra/write/write.hpp"

// SQL of comments only: one function is one named query.
namespace ms::comments::store {

/// The parent of a reply.
struct Parent {
  CommentId id;
  PostId post;
  std::optional<CommentId> root;
  MemberId author;
};

/// A comment of a page of threads, or none, and how many threads its post has.
struct ThreadRow {
  std::int64_t threads = 0;
  CommentId id;  ///< 0: none
  std::int64_t thread = 0;
  std::optional<CommentId> parent;
  MemberId author;
  std::string author_name;
  std::string author_avatar;
  bool by_staff = false;
  std::string content;
  view::SafeHtml content_html;
  Timestamp created;
  std::optional<Timestamp> updated;
  bool deleted = false;
  bool hidden = false;
  std::int64_t likes = 0;
  bool liked = false;
  std::int64_t version = 0;
};
/// The first kRowsPerRead comments of a page of threads, from reply `from` of `thread` on, thread by thread, by id.
pg::ResultHandle<ThreadRow> threads(pg::Statements& out, const ThreadsAsked& asked, std::int64_t thread,
                                    CommentId from);
/// Removed ones too.
pg::ResultHandle<Comment> find(pg::Statements& out, MemberId member, CommentId id);
/// The thread of a comment of this post, and the comment that began it.
struct ThreadOf {
  std::int64_t thread = 0;
  CommentId root;
};
pg::ResultHandle<ThreadOf> thread_of(pg::Statements& out, CommentId id, PostId post);
/// The board and the author of a comment, which decide who may change it. Visible ones of visible posts only.
struct Target {
  PostId post;
  BoardId board;
  MemberId author;
};
pg::ResultHandle<Target> target(pg::Statements& out, CommentId id);
pg::ResultHandle<Parent> parent(pg::Statements& out, CommentId id);

struct PlaceRow {
  PostId post;
  BoardId board;
  std::int64_t thread = 0;
};
pg::ResultHandle<PlaceRow> place(pg::Statements& out, CommentId id);

struct Inserted {
  CommentId id;
  Timestamp created;
  std::int64_t thread = 0;
};
write::Inserted<CommentId, Inserted> insert(write::Write& out, const Draft& draft, std::optional<CommentId> root,
                                            const view::SafeHtml& html);
void update(pg::Statements& out, CommentId id, std::string_view content, const view::SafeHtml& html);
void remove(pg::Statements& out, CommentId id, MemberId by);
/// Fails the transaction (409) when the comment has another version.
void guard_version(pg::Statements& out, CommentId id, std::int64_t version);
/// Fails the transaction (404) when the comment is no longer visible.
void guard_visible(pg::Statements& out, CommentId id);

/// A post and one of its comments that changed after a number; without a comment when there is none.
struct Changed {
  std::int64_t events = 0;      ///< of the post and all its comments
  std::int64_t post_event = 0;  ///< the latest of the post itself
  bool visible = false;         ///< the post
  BoardId board;
  MemberId post_author;
  std::int64_t comments = 0;  ///< visible ones
  std::int64_t event = 0;     ///< the comment's latest; 0: none
  CommentId id;
  std::optional<CommentId> parent;
  MemberId author;
  std::string author_name;
  std::string author_avatar;
  bool by_staff = false;
  view::SafeHtml content_html;
  Timestamp created;
  std::optional<Timestamp> updated;
  bool deleted = false;
  bool hidden = false;
  std::int64_t likes = 0;
};
/// Ascending by event; one row at least, unless there is no such post.
pg::ResultHandle<Changed> since(pg::Statements& out, PostId post, std::int64_t number, int limit);
struct Number {
  std::int64_t post = 0;
  std::int64_t events = 0;
};
pg::ResultHandle<Number> numbers(pg::Statements& out, const std::vector<std::int64_t>& posts);

}  // namespace ms::comments::store
