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

// What happened for a member: the bell, the list, marking as read, what one wants to be told. How it comes about is in
// notify.hpp.
namespace ms::notifications {

constexpr int kLinesPerPage = 30;
constexpr std::size_t kMaxNames = 8;  ///< of a completion
/// For some seconds after a member's own act: the number of it, so that no server shows that browser anything older.
constexpr const char* kBellCookie = "bell";

/// What every page needs to know about its reader.
struct State {
  std::int64_t number = 0;  ///< of the live topic "u<member>"
  std::int64_t unread = 0;
  std::vector<BoardId> follows;
};

/// One notification.
struct Notification {
  std::int64_t number = 0;  ///< its name among the member's
  Kind kind = Kind::comment;
  MemberId actor;
  std::string actor_name;
  PostId post;
  CommentId comment;      ///< 0: it is about the post itself
  std::string title;      ///< of the post; empty when it may not be shown
  std::string post_href;  ///< empty: the post is gone, or this member may not read it any more
  std::string href;       ///< of the post or the comment that it is about; empty when that is gone
  std::string reason;     ///< of an act of staff
  Timestamp at;
  bool read = false;

  /// What happened, in Korean, or that it is gone.
  std::string words() const;
};

/// A page of the list, newest first.
struct Page {
  std::vector<Notification> lines;
  bool more = false;
  std::int64_t number = 0;  ///< of the member's topic
  std::int64_t unread = 0;
};

/// What a member wants to be told, and of which boards.
struct Settings {
  std::vector<Kind> off;  ///< of kSwitches
  std::vector<BoardId> follows;
  std::int64_t version = 0;  ///< names what is off
};

/// What happened, in Korean: "김하늘님이 댓글을 썼습니다."
std::string words(Kind kind, bool about_comment, std::string_view actor);

/// One name of a completion.
struct Suggestion {
  MemberId id;
  std::string name;
  std::string insert;  ///< what to write for it: "@김하늘", with "#57" where the name alone does not tell
};

/// One per thread. What members see of their notifications goes through this thread's memory, then Redis
/// (`notifications:<id>`), then PostgreSQL.
class Notifications {
 public:
  Notifications(pg::Db& db, cache::RedisCache& cache, limit::Limiter& limiter, boards::Boards& boards,
                live::Publisher& publisher, write::Writer& writer);

  /// Nothing when it cannot be known now: no page fails for it. No round trip while memory knows, one of Redis as a
  /// rule. What is known of a number before `least` is known to be old.
  async<std::optional<State>> state(const Call& call, MemberId member, std::int64_t least = 0);
  /// The bell of the page that answers this request; nothing for a guest.
  async<std::optional<view::Bell>> bell(const web::Context& ctx);

  /// After a commit (write::Writer calls it): no server shows these members what it knew before.
  async<void> invalidate(const Call& call, std::vector<MemberId> members);
  /// A publication said that something is new for this member.
  void changed(MemberId member) { states_.invalidate(member); }
  /// Publisher may have been missed.
  void forget_all() { states_.invalidate_all(); }
  const cache::LocalCacheStats& cache_stats() const noexcept { return states_.stats(); }

  /// `before` 0: from the newest.
  async<Page> page(const Call& call, const session::Viewer& viewer, std::int64_t before);
  /// One line that the member opens. Unexpected: not_found.
  async<Result<Notification>> find(const Call& call, const session::Viewer& viewer, std::int64_t number);
  /// Marks one as read. Gives where the topic stands then; the same again when it was read already.
  async<Result<std::int64_t>> read(const Call& call, const session::Viewer& viewer, std::int64_t number);
  /// Marks all as read that came up to `up_to`: what came after the page was made is not lost.
  async<Result<std::int64_t>> read_all(const Call& call, const session::Viewer& viewer, std::int64_t up_to);

  /// Whether a member follows a board; costs nothing on a page that has the bell. Nothing when it is not known now.
  async<std::optional<bool>> follows(const Call& call, MemberId member, BoardId board);
  async<Settings> settings(const Call& call, const session::Viewer& viewer);
  /// Unexpected: conflict, when the settings have another version than the form began with.
  async<Result<std::int64_t>> set(const Call& call, const session::Viewer& viewer, std::vector<Kind> off,
                                  std::optional<std::int64_t> version);
  /// Notices of this board from now on, or no more. Unexpected: not_found, also for who may not read it;
  /// they may only end what they began when they could.
  async<Result<std::int64_t>> follow(const Call& call, const session::Viewer& viewer, const boards::Board* board,
                                     bool wanted);

  /// Members whose names begin so, at most kMaxNames, for whom is logged in. Unexpected: unauthenticated, too_many.
  async<Result<std::vector<Suggestion>>> names(const Call& call, const session::Viewer& viewer, std::string_view begin);

  /// Mentions::unresolved() of a text.
  async<std::vector<std::string>> unresolved(const Call& call, std::string_view content);
  /// The same for whoever is still writing it. Unexpected as names().
  async<Result<std::vector<std::string>>> unresolved(const Call& call, const session::Viewer& viewer,
                                                     std::string_view content);

 private:
  /// Counts a question for names. Unexpected: unauthenticated, too_many.
  async<Result<void>> may_ask(const Call& call, const session::Viewer& viewer);
  async<State> load(const Call& call, MemberId member, std::int64_t least);
  /// Commits a member's own act, whose new number of the topic `number` gives.
  async<Result<std::int64_t>> commit_own(write::Write& write, pg::ResultHandle<std::int64_t> number);

  pg::Db& db_;
  cache::RedisCache& cache_;
  limit::Limiter& limiter_;
  boards::Boards& boards_;
  live::Publisher& publisher_;
  write::Writer& writer_;
  cache::LocalCache<MemberId, State> states_;
};

/// A member's notifications, topic "u7": the bell, and a word for each new one. Its number is
/// notification_counts.number.
class LiveMember final : public live::Source {
 public:
  LiveMember(pg::Db& db, boards::Boards& boards) : db_(db), boards_(boards) {}
  async<Result<void>> may_follow(const Call& call, const session::Viewer& viewer, std::int64_t member) override;
  async<live::ChangeSet> since(const Call& call, std::int64_t member, std::int64_t number) override;
  async<std::vector<live::Position>> numbers(const Call& call, std::vector<std::int64_t> members) override;

 private:
  pg::Db& db_;
  boards::Boards& boards_;
};

/// Mentions as the field of a form has them, one blank between two (notifications/unresolved.html).
std::string joined(const std::vector<std::string>& mentions);
/// That field, for Mentions::check_unresolved; nothing when the form has none.
std::optional<std::string> shown_mentions(const http::Form& form);

void add_site_routes(web::Router& router, Notifications& notifications, boards::Boards& boards);
void add_api_routes(web::Router& router, Notifications& notifications);

}  // namespace ms::notifications
