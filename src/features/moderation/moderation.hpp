#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/audit/audit.hpp"
#include "features/boards/boards.hpp"
#include "infra/core/result.hpp"
#include "infra/core/time.hpp"
#include "infra/pg/db.hpp"
#include "infra/session/viewer.hpp"
#include "infra/view/safe_html.hpp"
#include "infra/web/router.hpp"

namespace ms::write {
class Writer;
}

// Staff's tools for posts and comments: search all boards, hide, delete, restore. Every act needs a reason and has an
// entry in the audit log; nothing is ever erased.
namespace ms::moderation {

constexpr int kRowsPerPage = 30;
constexpr std::size_t kTextLimit = 100;  ///< characters of a search

/// withdrawn: deleted by its author, so that nobody sees its text and nobody else can restore it.
enum class State { visible, hidden, deleted, withdrawn };
/// "visible", "hidden", "deleted", "withdrawn": as in a page's query.
std::string_view name_of(State state);
std::optional<State> state_of(std::string_view name);
Msg word_of(State state);

enum class Act { hide, restore, remove };
/// "hide", "restore", "delete": as in paths and in the audit log.
std::string_view name_of(Act act);
std::optional<Act> act_of(std::string_view name);
Msg word_of(Act act);
/// Whether `viewer` has the permission that the act needs: remove for deleting, moderate for the others.
bool may(const session::Viewer& viewer, Act act);
/// Whether the act applies to a row in this state.
bool fits(State state, Act act);

constexpr State state_of(bool hidden, bool deleted, bool withdrawn) noexcept {
  if (withdrawn) return State::withdrawn;
  return deleted ? State::deleted : hidden ? State::hidden : State::visible;
}

/// Filters of both lists; pages by key, newest first. A text matches anywhere, in any case.
struct Search {
  std::string text = {};    ///< in the title or the content
  std::string author = {};  ///< the beginning of the author's name
  BoardId board = {};       ///< 0: all
  PostId post = {};         ///< of comments: below this post; 0: all
  std::optional<State> state = {};
  std::int64_t before = 0;  ///< 0: from the newest
};

/// A line of the list of posts.
struct PostRow {
  PostId id;
  std::string board;
  std::string title;
  MemberId author;
  std::string author_name;
  Timestamp created;
  std::int64_t comments = 0;
  bool hidden = false;
  bool deleted = false;
  bool withdrawn = false;  ///< then `title` is empty

  State state() const noexcept { return state_of(hidden, deleted, withdrawn); }
  std::string shown_title() const;
};

/// A post in any state, as its page in the Admin shows it.
struct PostDetail {
  PostRow row;
  view::SafeHtml content_html;
  std::string board_slug;
  std::vector<audit::Entry> history;
};

/// A line of the list of comments.
struct CommentRow {
  CommentId id;
  PostId post;
  std::string post_title;
  std::string board;
  std::string excerpt;  ///< the beginning of its text
  MemberId author;
  std::string author_name;
  Timestamp created;
  bool hidden = false;
  bool deleted = false;
  bool withdrawn = false;       ///< then `excerpt` is empty
  bool post_withdrawn = false;  ///< then `post_title` is empty

  State state() const noexcept { return state_of(hidden, deleted, withdrawn); }
  std::string shown_excerpt() const;
  std::string shown_post_title() const;
};

struct CommentDetail {
  CommentRow row;
  view::SafeHtml content_html;
  std::vector<audit::Entry> history;
};

class Moderation {
 public:
  Moderation(pg::Db& db, write::Writer& writer) : db_(db), writer_(writer) {}

  // Only rows of boards that `viewer` may read; other rows do not exist for the viewer.

  /// At most kRowsPerPage + 1 rows: the last one means that there are more. On the slow lane: a search of a large site
  /// for a rare word takes its statement_timeout at most (pg::Unavailable).
  async<std::vector<PostRow>> posts(const Call& call, const session::Viewer& viewer, Search search);
  async<std::vector<CommentRow>> comments(const Call& call, const session::Viewer& viewer, Search search);
  async<std::optional<PostDetail>> post(const Call& call, const session::Viewer& viewer, PostId id);
  async<std::optional<CommentDetail>> comment(const Call& call, const session::Viewer& viewer, CommentId id);

  /// Applies the act to those rows of the list that it fits and skips the rest; returns the number of rows. Atomic.
  /// Unexpected: forbidden, invalid (reason, or nothing chosen: field "chosen"), conflict (the act fits none of them).
  async<Result<std::int64_t>> act(const Call& call, const session::Viewer& viewer, Act act, std::vector<PostId> posts,
                                  std::string reason);
  async<Result<std::int64_t>> act(const Call& call, const session::Viewer& viewer, Act act,
                                  std::vector<CommentId> comments, std::string reason);

 private:
  template <class Id>
  async<Result<std::int64_t>> carry_out(const Call& call, const session::Viewer& viewer, Act act,
                                        std::vector<Id> chosen, std::string given_reason);
  pg::Db& db_;
  write::Writer& writer_;
};

void add_admin_routes(web::Router& router, Moderation& moderation, boards::Boards& boards);

}  // namespace ms::moderation
