#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/boards/boards.hpp"
#include "features/files/files.hpp"
#include "features/posts/post_index.hpp"
#include "features/posts/view_counter.hpp"
#include "infra/cache/redis_cache.hpp"
#include "infra/core/result.hpp"
#include "infra/core/time.hpp"
#include "infra/limit/limiter.hpp"
#include "infra/live/source.hpp"
#include "infra/pg/db.hpp"
#include "infra/session/viewer.hpp"
#include "infra/unicode/unicode.hpp"
#include "infra/view/safe_html.hpp"
#include "infra/web/router.hpp"

namespace ms::web {
class Context;
}
namespace ms::write {
class Writer;
}
namespace ms::notifications {
class Notifications;
}

// Posts of a board: list, read, write, edit, delete. The acts of staff (search all boards, hide, restore) are in
// features/moderation.
namespace ms::posts {

class PageCache;

constexpr std::size_t kTitleLimit = 100;       ///< characters; the column takes 255
constexpr std::size_t kContentLimit = 50'000;  ///< characters
constexpr int kPostsPerPage = 20;

struct Post {
  PostId id;
  BoardId board;
  std::int64_t number = 0;
  std::string title;
  std::string content;          ///< Markdown, as typed
  view::SafeHtml content_html;  ///< rendered when written
  MemberId author;
  std::string author_name;
  bool by_staff = false;  ///< the author acts for the site
  Timestamp created;
  std::optional<Timestamp> updated;
  bool notice = false;
  std::int64_t views = 0;
  std::int64_t comments = 0;
  std::int64_t likes = 0;
  bool liked = false;        ///< by the viewer
  std::int64_t events = 0;   ///< changes of the post and its comments so far: the position of its topic
  std::int64_t version = 0;  ///< the latest of them that changed the post itself
  files::AttachmentList attachments = {};
  std::string author_avatar = {};
};

/// A line of a board's list.
struct PostSummary {
  PostId id;
  std::int64_t number = 0;
  std::string title;
  MemberId author;
  std::string author_name;
  Timestamp created;
  bool notice = false;
  std::int64_t views = 0;
  std::int64_t comments = 0;
};

struct Page {
  std::vector<PostSummary> pinned;  ///< notices, on the first page only
  std::vector<PostSummary> lines;
  std::int64_t total = 0;   ///< visible posts of the board
  std::int64_t number = 1;  ///< this page, from 1
  std::int64_t last = 1;
  std::int64_t newest = 0;  ///< the board's highest number at the time of reading: the position of its topic
  std::vector<files::OfPost> attachments = {};  ///< of a gallery's and an archive's posts

  /// Whether the first page shows the post above its lines; the lines do not repeat it.
  bool pinned_above(PostId id) const {
    return std::ranges::any_of(pinned, [id](const PostSummary& line) { return line.id == id; });
  }
  /// Null when the post has no attachments.
  const files::OfPost* attachments_of(PostId id) const {
    const auto found = std::ranges::find(attachments, id, &files::OfPost::post);
    return found == attachments.end() ? nullptr : &*found;
  }
};

/// The previous or next post of the same board.
struct Neighbour {
  PostId id;
  std::string title;
};

struct Reading {
  Post post;
  std::optional<Neighbour> older;
  std::optional<Neighbour> newer;
};

/// What tells whether the page of a post has changed, and what changes around the post without being its own.
struct VersionWithNeighbours {
  PostId post;
  std::int64_t events = 0;  ///< as Post::events
  std::int64_t views = 0;
  PostId older;  ///< the nearest visible posts of the board; 0: none
  std::string older_title;
  PostId newer;
  std::string newer_title;

  void add_neighbours(Reading& to) const;
};
/// The part of VersionWithNeighbours that is its post's own.
struct Version {
  PostId post;
  std::int64_t events = 0;
  std::int64_t views = 0;
};

/// The statements that read a post, for a caller who reads more in the same round trip.
struct ReadingHandle {
  pg::ResultHandle<Post> post;
  pg::ResultHandle<VersionWithNeighbours> version;
};

/// A line of the home page.
struct Recent {
  PostId id;
  BoardId board;
  std::string title;
  std::string author;
  Timestamp created;
  files::AttachmentId picture = {};  ///< the first one of a post in a gallery; 0: none
  std::string alt = {};              ///< its alternative text
};

/// The content of the form.
struct Draft {
  unicode::Line title;
  unicode::Text content;
  bool notice = false;
  /// The version that was edited: no other version is overwritten. None: overwrites any.
  std::optional<std::int64_t> version = {};
  /// The unresolved mentions that the writer has been shown (notifications::Mentions::check_unresolved).
  std::optional<std::string> unresolved = {};
  /// None: a post keeps the attachments that it has.
  std::optional<std::vector<files::Choice>> attachments = {};
};
/// Pure; names every wrong field.
Result<void> check(const Draft& draft);
/// Unexpected (invalid, "content") when a text renders to nothing visible.
Result<void> check_shown(const view::SafeHtml& html);

/// Whether `viewer` may see what is on a board (null: there is none). Unexpected: not_found, both for a closed and for
/// a missing board, so that nobody learns what closed boards hold.
Result<void> may_read(const session::Viewer& viewer, const boards::Board* board);

/// What other features need before they add something to a post.
struct PostAccess {
  PostId id;
  BoardId board;
  MemberId author;
  bool notice = false;
};
pg::ResultHandle<PostAccess> find_access(pg::Statements& out, PostId post);
/// Fails the caller's transaction (404) when the post is no longer visible.
void guard_visible(pg::Statements& out, PostId post);

class Posts {
 public:
  Posts(pg::Db& db, cache::RedisCache& cache, boards::Boards& boards, ViewCounter& views, limit::Limiter& limiter,
        write::Writer& writer);

  /// One round trip, the same cost for every page number. `number` below 1 or beyond the last page is clamped.
  async<Page> page(const Call& call, const boards::Board& board, std::int64_t number);
  /// A visible post that `viewer` may read, without its text; counts no view. Unexpected as read().
  async<Result<PostAccess>> find(const Call& call, const session::Viewer& viewer, PostId id);
  /// The same for adding something to it: a post that this thread has read costs no query, and its visibility is left
  /// to guard_visible.
  async<Result<PostRef>> find_ref(const Call& call, const session::Viewer& viewer, PostId id);
  /// A visible post of a board that `viewer` may read; counts no view. Unexpected: not_found.
  async<Result<Reading>> read(const Call& call, const session::Viewer& viewer, PostId id);
  /// Adds the statements that read a post without checking rights, with the likes of `member`. result_of(): nothing
  /// when there is no such visible post.
  static ReadingHandle ask(pg::Statements& out, PostId id, MemberId member);
  std::optional<Reading> result_of(const ReadingHandle& handle);
  /// Both in any order, without posts that do not exist; they may be removed.
  async<std::vector<VersionWithNeighbours>> versions_with_neighbours(const Call& call, std::vector<PostId> at);
  async<std::vector<Version>> versions(const Call& call, std::vector<PostId> of);
  /// Unexpected as read().
  async<Result<void>> readable(const Call& call, const session::Viewer& viewer, BoardId board);
  /// For a replaced database, in which the same id may be another post.
  void clear_index() { index_.invalidate_all(); }
  const cache::LocalCacheStats& cache_stats() const noexcept { return index_.stats(); }
  /// Counts the request as a view, unless the viewer is the author or a robot, or the request is not a GET.
  void count_view(const web::Context& ctx, PostId id, MemberId author);
  /// Counted views that PostgreSQL does not have yet.
  std::int64_t unwritten_views(PostId id) const { return views_.pending(id); }
  /// The post for its editing form; counts no view. Unexpected as read(), and forbidden when the viewer may not edit
  /// it.
  async<Result<Post>> to_edit(const Call& call, const session::Viewer& viewer, PostId id);
  /// The newest posts of each board on the home page that a member of `rank` may read, through the Redis cache
  /// (`cache:posts:recent`).
  async<std::vector<Recent>> recent(const Call& call, int rank);

  /// Unexpected (too_many) beyond the number of writes that a member may do in a minute.
  async<Result<PostId>> write(const Call& call, const session::Viewer& viewer, const boards::Board& board, Draft draft);
  /// Unexpected also: conflict, when the post no longer has the draft's version.
  async<Result<void>> edit(const Call& call, const session::Viewer& viewer, PostId id, Draft draft);
  /// Own posts, or anybody's with Permission::remove; the audit log then records the reason (may be empty). The row
  /// stays (deleted_at), its page answers 404. Unexpected also: invalid (reason), conflict, when the post has another
  /// version.
  async<Result<void>> remove(const Call& call, const session::Viewer& viewer, PostId id, std::string reason,
                             std::optional<std::int64_t> version = {});

  /// Whether `viewer` may edit the post: only its author, as long as the board lets them write.
  static bool editable(const session::Viewer& viewer, const boards::Board& board, MemberId author);
  static bool removable(const session::Viewer& viewer, MemberId author);

 private:
  /// Counts a write and the members that it mentions.
  async<Result<void>> allow(const Call& call, const session::Viewer& viewer, limit::Write what, std::int64_t mentions);
  void add_to_index(PostId id, PostRef ref);
  /// Of all posts of the page.
  async<std::vector<files::OfPost>> attachments_of(const Call& call, const Page& page);

  static constexpr std::size_t kMaxIndexBytes = 2 << 20;  // for some 20,000 posts

  pg::Db& db_;
  cache::RedisCache& cache_;
  boards::Boards& boards_;
  ViewCounter& views_;
  limit::Limiter& limiter_;
  write::Writer& writer_;
  PostIndex index_{{.name = "post_index", .max_bytes = kMaxIndexBytes}};
};

/// The source of a board's topic, "b3": new posts. Its number is the newest post's.
class LiveBoard final : public live::Source {
 public:
  LiveBoard(pg::Db& db, boards::Boards& boards) : db_(db), boards_(boards) {}
  async<Result<void>> may_follow(const Call& call, const session::Viewer& viewer, std::int64_t board) override;
  async<live::ChangeSet> since(const Call& call, std::int64_t board, std::int64_t number) override;
  async<std::vector<live::Position>> numbers(const Call& call, std::vector<std::int64_t> boards) override;

 private:
  pg::Db& db_;
  boards::Boards& boards_;
};

/// Keys of the Redis cache that show posts, for the write::Changes of writes that change posts.
std::vector<std::string> cache_keys();

/// GET /boards/{slug}, and the forms to write, edit and delete. A post's own page shows comments too: apps/site/pages.
void add_site_routes(web::Router& router, Posts& posts, PageCache& page_cache, boards::Boards& boards,
                     files::Files& files, notifications::Notifications& notifications);
void add_api_routes(web::Router& router, Posts& posts, boards::Boards& boards,
                    notifications::Notifications& notifications);

}  // namespace ms::posts
