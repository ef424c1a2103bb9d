#pragma once
#include <string>
#include <string_view>

#include "features/moderation/moderation.hpp"
#include "infra/pg/db.hpp"
#include "infra/write/write.hpp"

// SQL of moderation only: one function is one named query.
namespace ms::moderation::store {

/// A pattern for ILIKE that finds the text anywhere: its %, _ and \ stand for themselves.
std::string anywhere(std::string_view text);

/// Of boards that a member of `rank` may read.
pg::ResultHandle<PostRow> posts(pg::Statements& out, int rank, const Search& search, int limit);
pg::ResultHandle<CommentRow> comments(pg::Statements& out, int rank, const Search& search, int limit);
/// This one; the next older one, or nothing, when it does not exist.
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
  PostId post;    ///< that changed, or whose comment did
  BoardId board;  ///< whose posts are others now; 0 when it was a comment
  std::string guard;
};
/// Each changes those rows that the act fits, of boards that the actor may read, and writes a line of the audit log for
/// each of them; a row for each. Refuses the write (409) when it fits none.
write::Changed<PostId, ActResult> act(write::Write& out, Act act, const std::vector<PostId>& posts,
                                      std::string_view reason);
write::Changed<CommentId, ActResult> act(write::Write& out, Act act, const std::vector<CommentId>& comments,
                                         std::string_view reason);

}  // namespace ms::moderation::store
