#pragma once
#include <string>
#include <string_view>

#include "features/moderation/moderation.hpp"
#include "infra/pg/db.hpp"

// SQL of moderation only: one function is one named query.
namespace ms::moderation::store {

/// A pattern for ILIKE that finds the text anywhere: its %, _ and \ stand for themselves.
std::string anywhere(std::string_view text);

/// Of boards that a member of `rank` may read.
pg::Slot<PostRow> posts(pg::Statements& out, int rank, const Search& search, int limit);
pg::Slot<CommentRow> comments(pg::Statements& out, int rank, const Search& search, int limit);
/// This one; the next older one, or nothing, when it does not exist.
pg::Slot<PostRow> newest_up_to(pg::Statements& out, int rank, PostId id);
pg::Slot<CommentRow> newest_up_to(pg::Statements& out, int rank, CommentId id);

/// What a post's own page shows besides its row.
struct PostText {
  view::SafeHtml content_html;
  std::string board_slug;
};
pg::Slot<PostText> post_text(pg::Statements& out, PostId id);
pg::Slot<view::SafeHtml> comment_text(pg::Statements& out, CommentId id);

struct Acted {
  PostId post;    ///< that changed, or whose comment did
  BoardId board;  ///< whose posts are others now; 0 when it was a comment
  std::string guard;
};
/// Each changes those rows that the act fits, of boards that the actor may read, and writes a line of the audit log for
/// each of them; a row for each. Refuses the unit (409) when it fits none.
pg::Slot<Acted> act(pg::Statements& out, Act act, const std::vector<PostId>& posts, UserId actor,
                    std::string_view reason);
pg::Slot<Acted> act(pg::Statements& out, Act act, const std::vector<CommentId>& comments, UserId actor,
                    std::string_view reason);

}  // namespace ms::moderation::store
