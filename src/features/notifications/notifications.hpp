#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/boards/boards.hpp"
#include "features/notifications/notify.hpp"
#include "infra/cache/local_cache.hpp"
#include "infra/cache/redis_cache.hpp"
#include "infra/core/result.hpp"
#include "infra/core/time.hpp"
#include "infra/http/form.hpp"
#include "infra/limit/limiter.hpp"
#include "infra/live/source.hpp"
#include "infra/pg/db.hpp"
#include "infra/session/viewer.hpp"
#include "infra/view/page.hpp"
#include "infra/web/router.hpp"

namespace ms::web {
class Context;
}
namespace ms::live {
class Publisher;
}

// A member's notifications: the bell, the list, marking as read, the settings. notify.hpp creates them.
namespace ms::notifications {

constexpr int kLinesPerPage = 30;
constexpr std::size_t kMaxNames = 8;  ///< suggestions of a completion
/// Holds the number of a member's own act for some seconds, so that no server shows that browser an older state.
constexpr const char* kBellCookie = "bell";

/// The data that every page needs about its viewer.
struct State {
  std::int64_t number = 0;  ///< of the live topic "u<member>"
  std::int64_t unread = 0;
  std::vector<BoardId> follows;
};

/// One notification.
struct Notification {
  std::int64_t number = 0;  ///< identifies it among the member's
  Kind kind = Kind::comment;
  MemberId actor;
  std::string actor_name;
  PostId post;
  CommentId comment;      ///< 0: the subject is the post itself
  std::string title;      ///< of the post; empty when it may not be shown
  std::string post_href;  ///< empty: the post is deleted, or the member may not read it any more
  std::string href;       ///< of the subject, a post or a comment; empty when that is deleted
  std::string reason;     ///< of an act of staff
  Timestamp at;
  bool read = false;

  /// The event in Korean, or that its subject is deleted.
  std::string words() const;
};

/// A page of the list, newest first.
struct Page {
  std::vector<Notification> lines;
  bool more = false;
  std::int64_t number = 0;  ///< of the member's topic
  std::int64_t unread = 0;
};

/// The kinds that a member muted, and the followed boards.
struct Settings {
  std::vector<Kind> off;  ///< of kSwitches
  std::vector<BoardId> follows;
  std::int64_t version = 0;  ///< of `off`
};

/// The event in Korean: "김하늘님이 댓글을 썼습니다."
std::string words(Kind kind, bool about_comment, std::string_view actor);

/// One name of a completion.
struct Suggestion {
  MemberId id;
  std::string name;
  std::string insert;  ///< the mention to insert: "@김하늘", with "#57" where the name alone is ambiguous
};

/// One per thread. The state of a member is read from the local cache, then Redis (`notifications:<id>`), then
/// PostgreSQL.
class Notifications {
 public:
  Notifications(pg::Db& db, cache::RedisCache& cache, limit::Limiter& limiter, boards::Boards& boards,
                live::Publisher& publisher, write::Writer& writer);

  /// Nothing when it cannot be read now, so that no page fails for it. Takes no round trip with the local cache, else
  /// usually one to Redis. A cached state with a number below `min_number` is outdated and read again.
  async<std::optional<State>> state(const Call& call, MemberId member, std::int64_t min_number = 0);
  /// The bell for the page of this request; nothing for a guest.
  async<std::optional<view::Bell>> bell(const web::Context& ctx);

  /// Invalidates the state of these members on all servers. write::Writer calls it after a commit.
  async<void> invalidate(const Call& call, std::vector<MemberId> members);
  /// Call when a publication says that this member's notifications changed.
  void changed(MemberId member) { states_.invalidate(member); }
  /// Call when publications may have been missed.
  void invalidate_all() { states_.invalidate_all(); }
  const cache::LocalCacheStats& cache_stats() const noexcept { return states_.stats(); }

  /// `before` 0: from the newest.
  async<Page> page(const Call& call, const session::Viewer& viewer, std::int64_t before);
  /// One notification. Unexpected: not_found.
  async<Result<Notification>> find(const Call& call, const session::Viewer& viewer, std::int64_t number);
  /// Marks one as read. Gives the new number of the topic, or 0 when it was read already.
  async<Result<std::int64_t>> read(const Call& call, const session::Viewer& viewer, std::int64_t number);
  /// Marks all up to the number `up_to` as read, so that those after the page was made stay unread.
  async<Result<std::int64_t>> read_all(const Call& call, const session::Viewer& viewer, std::int64_t up_to);

  /// Whether a member follows a board; costs nothing on a page with a bell. Nothing when it cannot be read now.
  async<std::optional<bool>> follows(const Call& call, MemberId member, BoardId board);
  async<Settings> settings(const Call& call, const session::Viewer& viewer);
  /// Unexpected: conflict when the settings changed after the form was made.
  async<Result<std::int64_t>> set(const Call& call, const session::Viewer& viewer, std::vector<Kind> off,
                                  std::optional<std::int64_t> version);
  /// Follows or unfollows a board. Unexpected: not_found, also for a viewer who may not read it; such a viewer may only
  /// unfollow.
  async<Result<std::int64_t>> follow(const Call& call, const session::Viewer& viewer, const boards::Board* board,
                                     bool wanted);

  /// At most kMaxNames members whose names begin with `begin`. Unexpected: unauthenticated, too_many.
  async<Result<std::vector<Suggestion>>> names(const Call& call, const session::Viewer& viewer, std::string_view begin);

  /// Mentions::unresolved() of a text.
  async<std::vector<std::string>> unresolved(const Call& call, std::string_view content);
  /// The same while the viewer is still writing. Unexpected as names().
  async<Result<std::vector<std::string>>> unresolved(const Call& call, const session::Viewer& viewer,
                                                     std::string_view content);

 private:
  /// Counts a query for names. Unexpected: unauthenticated, too_many.
  async<Result<void>> allow_name_query(const Call& call, const session::Viewer& viewer);
  async<State> load(const Call& call, MemberId member, std::int64_t min_number);
  /// Commits a member's own act; `number` gives the new number of the topic.
  async<Result<std::int64_t>> commit_own(write::Write& write, pg::ResultHandle<std::int64_t> number);

  pg::Db& db_;
  cache::RedisCache& cache_;
  limit::Limiter& limiter_;
  boards::Boards& boards_;
  live::Publisher& publisher_;
  write::Writer& writer_;
  cache::LocalCache<MemberId, State> states_;
};

/// A member's notifications, topic "u7": the bell, and an announcement for each new one. The position is
/// notification_counts.number.
class LiveMember final : public live::Source {
 public:
  LiveMember(pg::Db& db, boards::Boards& boards) : db_(db), boards_(boards) {}
  async<Result<void>> may_follow(const Call& call, const session::Viewer& viewer, std::int64_t member) override;
  async<live::ChangeSet> since(const Call& call, std::int64_t member, std::int64_t number) override;
  async<std::vector<live::Position>> numbers(const Call& call, std::vector<std::int64_t> members) override;
  bool of_member() const noexcept override { return true; }

 private:
  pg::Db& db_;
  boards::Boards& boards_;
};

/// Mentions as in the form field, separated by blanks (notifications/unresolved.html).
std::string joined(const std::vector<std::string>& mentions);
/// The value of that field, for Mentions::check_unresolved; nothing when the form has none.
std::optional<std::string> shown_mentions(const http::Form& form);

void add_site_routes(web::Router& router, Notifications& notifications, boards::Boards& boards);
void add_api_routes(web::Router& router, Notifications& notifications);

}  // namespace ms::notifications
