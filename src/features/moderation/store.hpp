#pragma once
#include <string>
#include <string_view>

#include "features/moderation/moderation.hpp"
#include "infra/pg/db.hpp"
#include "infra/write/write.hpp"

// SQL of moderation only: one function is one named query.
namespace ms::moderation::store {

/// A pattern for ILIKE that matches the text anywhere; escapes its %, _ and \.
std::string anywhere(std::string_view text);

/// Rows of boards that a member of `rank` may read.
pg::ResultHandle<PostRow> posts(pg::Statements& out, int rank, const Search& search, int limit);
pg::ResultHandle<CommentRow> comments(pg::Statements& out, int rank, const Search& search, int limit);
/// The row with this id; when it does not exist, the next older one or nothing.
pg::ResultHandle<PostRow> newest_up_to(pg::Statements& out, int rank, PostId id);
pg::ResultHandle<CommentRow> newest_up_to(pg::Statements& out, int rank, CommentId id);

/// What a post's own page shows besides its row.
struct PostText {
  view::SafeHtml content_html;
  std::string board_slug;
};
pg::ResultHandle<PostText> post_text(pg::Statements& out, PostId id);
pg::ResultHandle<view::SafeHtml> comment_text(pg::Statements& out, CommentId id);

struct ActResult {
  PostId post;    ///< the changed post, or the post of the changed comment
  BoardId board;  ///< the board whose list changed; 0 for a comment
  std::string guard;
};
/// Each changes the rows that the act fits, on boards that the actor may read, adds an entry of the audit log for each,
/// and returns a row for each. Fails the write (409) when the act fits none.
write::Changed<PostId, ActResult> act(write::Write& out, Act act, const std::vector<PostId>& posts,
                                      std::string_view reason);
write::Changed<CommentId, ActResult> act(write::Write& out, Act act, const std::vector<CommentId>& comments,
                                         std::string_view reason);

}  // namespace ms::moderation::store
