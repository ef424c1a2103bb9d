#pragma once
#include "features/comments/comments.hpp"
#include "infra/pg/db.hpp"
#include "infra/view/out.hpp"

// SQL of comments only: one function is one named query.
namespace ms::comments::store {

/// What a comment hangs on.
struct Parent {
  CommentId id;
  PostId post;
  std::optional<CommentId> root;
};

pg::Slot<std::int64_t> count_threads(pg::Statements& out, PostId post);
/// Top-level comments number skip+1 … skip+limit with all their replies, by id; at most kMostRows rows.
pg::Slot<Comment> threads(pg::Statements& out, PostId post, std::int64_t skip, int limit);
/// Visible ones only.
pg::Slot<Comment> find(pg::Statements& out, CommentId id);
pg::Slot<Parent> parent(pg::Statements& out, CommentId id);

struct PlaceRow {
  PostId post;
  BoardId board;
  std::int64_t threads_before = 0;
};
pg::Slot<PlaceRow> place(pg::Statements& out, CommentId id);

pg::Slot<CommentId> insert(pg::Statements& out, const Draft& draft, std::optional<CommentId> root, UserId author,
                           const view::SafeHtml& html);
void update(pg::Statements& out, CommentId id, std::string_view content, const view::SafeHtml& html);
void remove(pg::Statements& out, CommentId id);
/// Refuses the unit (404) when the comment is not visible any more.
void guard_visible(pg::Statements& out, CommentId id);

}  // namespace ms::comments::store
