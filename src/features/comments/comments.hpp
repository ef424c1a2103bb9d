#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "features/boards/boards.hpp"
#include "features/posts/posts.hpp"
#include "features/posts/rerender.hpp"
#include "infra/core/result.hpp"
#include "infra/core/time.hpp"
#include "infra/limit/limiter.hpp"
#include "infra/live/source.hpp"
#include "infra/pg/db.hpp"
#include "infra/session/viewer.hpp"
#include "infra/unicode/unicode.hpp"
#include "infra/view/out.hpp"
#include "infra/web/router.hpp"

namespace ms::live {
class Publisher;
}
namespace ms::notifications {
class Notifications;
}
namespace ms::write {
class Writer;
}

// Comments of a post and replies to them. Replies refer to the top-level comment (root) that began the thread, so that
// a page of threads is two index ranges. The acts of staff are in features/moderation.
namespace ms::comments {

constexpr std::size_t kContentLimit = 3'000;  ///< characters
constexpr int kThreadsPerPage = 50;           ///< top-level comments with their replies
/// The page of threads that holds a thread.
constexpr std::int64_t page_of_thread(std::int64_t thread) { return (thread - 1) / kThreadsPerPage + 1; }
// A page is bounded in bytes of HTML too; a cursor leads to what it leaves out (Threads).
constexpr int kThreadBytes = 64 * 1024;  ///< of one thread, beside others
constexpr int kPageBytes = 300 * 1024;   ///< of all
constexpr int kItemBytes = 1024;         ///< the least HTML around the text of a comment
constexpr int kMaxShownDepth = 4;        ///< deeper replies are shown at this depth: deeper is unreadable on phones

struct Comment {
  CommentId id;
  PostId post;
  std::int64_t thread = 0;  ///< of the post, from 1 on
  std::optional<CommentId> parent;
  MemberId author;
  std::string author_name;
  std::string author_avatar;
  bool by_staff = false;  ///< the author acts for the site
  std::string content;    ///< Markdown, as typed; empty where a page does not need it
  view::SafeHtml content_html;
  Timestamp created;
  std::optional<Timestamp> updated;
  bool deleted = false;
  bool hidden = false;
  int depth = 0;  ///< 0 as read; filled by in_reading_order(): 0 for a top-level comment
  std::int64_t likes = 0;
  bool liked = false;        ///< by the viewer
  std::int64_t version = 0;  ///< number of its latest change
  CommentId cut;             ///< of a thread that continues: the first reply that this page leaves out; else 0

  bool shown() const noexcept { return !deleted && !hidden; }
};

/// What a viewer may do with a comment: the actions below it, on a page and in a stream alike.
struct CommentActions {
  bool member = false;
  bool may_reply = false;
  bool own = false;
  bool may_remove = false;
  bool liked = false;
  bool operator==(const CommentActions&) const = default;
};
/// `may_reply`: the board lets them comment.
CommentActions actions_for(const session::Viewer& viewer, MemberId author, bool may_reply);
/// The actions of most members for most comments.
inline constexpr CommentActions kDefaultActions{.member = true, .may_reply = true};

/// A page of threads in reading order; a removed comment stays as a gap only while it has replies.
struct Threads {
  std::vector<Comment> comments;
  std::int64_t number = 1;
  std::int64_t last = 1;
  std::int64_t total = 0;  ///< top-level comments on all pages, including removed ones
  CommentId from;          ///< the cursor: leaves out what precedes this comment, except the beginning of its thread
  CommentId next;          ///< the cursor for what this page leaves out after its last thread; 0: nothing

  bool holds(CommentId id) const;
  /// Whether comment `at` is the last shown one of a thread that continues.
  bool ends_cut(std::size_t at) const;
};

/// A page of threads for one viewer.
struct ShownThreads {
  const Threads& threads;
  std::span<const view::SafeHtml> common = {};  ///< each comment's HTML for kDefaultActions; empty: not available
  std::span<const std::int64_t> liked = {};     ///< ids of comments that the viewer likes, besides those with `liked`

  /// What the viewer may do with one of `threads`.
  CommentActions actions(const session::Viewer& viewer, const Comment& comment, bool may_reply) const;
  /// The HTML of comment `at` for these actions, if it is in `common`.
  const view::SafeHtml* prerendered(std::size_t at, const CommentActions& actions) const;
};
/// Makes ShownThreads::common, which does not depend on the viewer.
std::vector<view::SafeHtml> common_html(const Threads& threads, MemberId post_author, Timestamp now);

/// Which page of threads, and for whom.
struct ThreadsAsked {
  PostId post;
  std::int64_t number = 0;  ///< 0: the last page, with the newest threads
  CommentId from = {};      ///< the comment of that page to begin with; 0: its first
  MemberId member = {};     ///< whose likes `liked` says
  bool with_text = true;    ///< Comment::content
};
class ThreadsReader;

struct Draft {
  PostId post;
  std::optional<CommentId> parent;
  unicode::Text content;
  /// The unresolved mentions that the writer has been shown (notifications::Mentions::check_unresolved).
  std::optional<std::string> unresolved = {};
};
/// The state of a comment's form: empty, or the submitted text and its error.
struct FormState {
  const Error* error = nullptr;
  std::string_view content = {};
  std::vector<std::string> unresolved = {};  ///< mentions that name nobody
};
Result<void> check(const unicode::Text& content);

class Comments {
 public:
  Comments(pg::Db& db, boards::Boards& boards, posts::Posts& posts, limit::Limiter& limiter, live::Publisher& publisher,
           write::Writer& writer)
      : db_(db), boards_(boards), posts_(posts), limiter_(limiter), publisher_(publisher), writer_(writer) {}

  /// The caller has checked that the viewer may read the post. `number` 0 is the last page, with the newest threads.
  /// `from`: the comment of that page to begin with; 0: its first. At most kPageBytes and one comment.
  async<Threads> threads(const Call& call, const session::Viewer& viewer, PostId post, std::int64_t number,
                         CommentId from = {});
  /// The same for a caller who reads more in the same round trip.
  ThreadsReader reader(const Call& call, ThreadsAsked asked);
  /// The page of threads that shows a comment, and its post; for links to one comment. Unexpected: not_found, also when
  /// the viewer may not read the board.
  struct Place {
    PostId post;
    BoardId board;
    std::int64_t page = 1;
  };
  async<Result<Place>> place(const Call& call, const session::Viewer& viewer, CommentId id);
  /// One visible comment. Unexpected: not_found, also when the viewer may not read its board.
  async<Result<Comment>> find(const Call& call, const session::Viewer& viewer, CommentId id);
  /// The same, to edit. Unexpected also: forbidden (not the author, or no right to comment on the board).
  async<Result<Comment>> own(const Call& call, const session::Viewer& viewer, CommentId id);

  struct Written {
    CommentId id;
    std::optional<Comment> comment;  ///< unless an earlier request wrote it
    std::int64_t page = 0;           ///< the page of threads that shows it
  };
  /// One round trip as a rule; two for a reply, with mentions, or when this thread has not read the post. Unexpected:
  /// invalid, not_found (the post or the parent is gone), unauthenticated, forbidden, and, as edit() and remove(),
  /// too_many beyond the limit of a member's writes in a minute.
  async<Result<Written>> write(const Call& call, const session::Viewer& viewer, Draft draft);
  /// The content of an edit.
  struct Edit {
    unicode::Text content;
    std::optional<std::int64_t> version = {};    ///< the version that was edited; no other version is overwritten
    std::optional<std::string> unresolved = {};  ///< as in Draft
  };
  /// Unexpected also: conflict.
  async<Result<void>> edit(const Call& call, const session::Viewer& viewer, CommentId id, Edit edit);
  /// Own comments, or anybody's with Permission::remove; the audit log then records the reason (may be empty).
  async<Result<void>> remove(const Call& call, const session::Viewer& viewer, CommentId id, std::string reason);
  /// Publishes to the topic of the post that `viewer` is writing a comment, at most once every two seconds and not for
  /// a viewer who hides their presence. Stores nothing. Unexpected: not_found, and without the right to comment there.
  async<Result<void>> typing(const Call& call, const session::Viewer& viewer, PostId post);

 private:
  /// Counts a write and the members that it mentions.
  async<Result<void>> allow(const Call& call, const session::Viewer& viewer, limit::Write what, std::int64_t mentions);

  pg::Db& db_;
  boards::Boards& boards_;
  posts::Posts& posts_;
  limit::Limiter& limiter_;
  live::Publisher& publisher_;
  write::Writer& writer_;
};

/// The source of a post's topic, "p34": its comments, that it changed or is gone, and who is writing. Its number is
/// post_counters.events.
class LivePost final : public live::Source {
 public:
  LivePost(pg::Db& db, boards::Boards& boards, posts::Posts& posts) : db_(db), boards_(boards), posts_(posts) {}
  async<Result<void>> may_follow(const Call& call, const session::Viewer& viewer, std::int64_t post) override;
  async<live::ChangeSet> since(const Call& call, std::int64_t post, std::int64_t number) override;
  async<std::vector<live::Position>> numbers(const Call& call, std::vector<std::int64_t> posts) override;
  std::optional<live::Change> parse_transient(std::int64_t post, std::string_view what) override;

 private:
  pg::Db& db_;
  boards::Boards& boards_;
  posts::Posts& posts_;
};

/// The address of a comment: the page of its post that shows it. It names the comment twice, because a script that
/// follows a redirect (Turbo) loses the fragment.
std::string path_of(const boards::Board& board, PostId post, CommentId id);

/// For posts::rerender.
posts::RenderedTable rendered_comments();

void add_site_routes(web::Router& router, Comments& comments, boards::Boards& boards,
                     notifications::Notifications& notifications);
void add_api_routes(web::Router& router, Comments& comments, posts::Posts& posts,
                    notifications::Notifications& notifications);

}  // namespace ms::comments
