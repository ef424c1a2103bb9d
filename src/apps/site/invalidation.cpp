// Which change empties which cache. Three ways lead here:
//   publish a topic has something new (Redis, or PostgreSQL while Redis is gone); one may get lost, so that each page
//           cache also has a time to live
//   NOTIFY  of PostgreSQL, in the transaction of the change; what was perhaps missed empties everything. Services
//           empty members' rights and the boards by it, for both programs
//   Redis   the channel of Sessions::kChannel, before a revocation is answered
#include "apps/site/invalidation.hpp"

#include <array>
#include <charconv>
#include <cstdint>

#include "features/notifications/notifications.hpp"
#include "features/topics/topics.hpp"

namespace ms::site {
namespace {

enum class Change {
  post,               ///< publication of "p34": its text, likes or comments
  board,              ///< publication of "b3": its posts, titles or notices
  bell,               ///< publication of "u7": a member's notifications
  publications_lost,  ///< publications may have been missed
  boards,             ///< NOTIFY boards: what there is, and who may read
  member,             ///< NOTIFY members "7": name, role, logins
  members,            ///< NOTIFY members, anything else: roles, or the database is another one
  notify_lost,        ///< notifications of PostgreSQL may have been missed
};

/// What a change empties of a cache: `one` is what concerns the id that the change names.
enum class Part { none, one, all };
using enum Part;

struct Row {
  Change change;
  Part posts;       ///< posts::PageCache: lists of boards, and posts
  Part post_pages;  ///< PostPageCache: threads of comments, and likes
  Part home;        ///< HomePageCache
  Part bells;       ///< notifications::Notifications
  Part index;       ///< posts::PostIndex
  Part presence;    ///< whom presence::Presence has reported as here
  Part streams;     ///< members' streams end, and come back as what the member is now
};

// clang-format off
constexpr std::array kTable{
    //  change                     posts post_pages home  bells  index presence streams
    Row{Change::post,              one,  one,       none, none,  none, none,    none},
    Row{Change::board,             one,  none,      all,  none,  none, none,    none},
    Row{Change::bell,              none, none,      none, one,   none, none,    none},
    Row{Change::publications_lost, all,  all,       all,  all,   none, none,    none},
    Row{Change::boards,            all,  all,       all,  none,  none, none,    none},
    Row{Change::member,            all,  all,       all,  none,  none, one,     one},
    Row{Change::members,           all,  all,       all,  none,  all,  none,    all},
    Row{Change::notify_lost,       all,  all,       all,  none,  all,  none,    all},
};
// clang-format on

consteval bool has_each_change_once() {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (kTable.at(i).change != static_cast<Change>(i)) return false;
  }
  return kTable.back().change == Change::notify_lost;
}
static_assert(has_each_change_once());

void invalidate(program::Services& services, const Caches& caches, Change change, std::int64_t id = 0) {
  const Row& row = kTable.at(static_cast<std::size_t>(change));
  const auto empty = [](Part part, const auto& one, const auto& everything) {
    if (part == Part::one) one();
    if (part == Part::all) everything();
  };
  empty(
      row.posts,
      [&] { change == Change::post ? caches.posts.invalidate(PostId{id}) : caches.posts.invalidate(BoardId{id}); },
      [&] { caches.posts.invalidate_all(); });
  empty(row.post_pages, [&] { caches.post_pages.invalidate(PostId{id}); }, [&] { caches.post_pages.invalidate_all(); });
  empty(row.home, [] {}, [&] { caches.home.invalidate_all(); });
  empty(
      row.bells, [&] { services.notifications.changed(MemberId{id}); },
      [&] { services.notifications.invalidate_all(); });
  empty(row.index, [] {}, [&] { caches.index.clear_index(); });
  empty(row.presence, [&] { services.presence.changed(MemberId{id}); }, [] {});
  empty(
      row.streams, [&] { caches.streams.member_changed(MemberId{id}); },
      [&] { caches.streams.members_may_have_changed(); });
}

std::optional<std::int64_t> id_in(std::string_view payload) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(payload.data(), payload.data() + payload.size(), id);
  const bool whole = error == std::errc() && end == payload.data() + payload.size();
  return whole ? std::optional(id) : std::nullopt;
}

}  // namespace

Invalidation::Invalidation(program::Services& services, Caches caches)
    : services_(services),
      caches_(caches),
      revocations_(
          services.io, config::redis_config(services.settings), {session::Sessions::kChannel},
          [&services](std::string_view, std::string_view member) { services.accounts.changed(member); },
          [&services](bool) { services.accounts.changed(""); }) {
  caches_.streams.on_publish([this](const live::Topic* topic) { on_publish(topic); });
  services_.on_notify = [this](std::string_view channel, std::string_view payload) { on_notify(channel, payload); };
  services_.on_notify_lost = [this] { invalidate(services_, caches_, Change::notify_lost); };
  services_.sessions.cache_while([this] { return revocations_.catch_up(); });
}

void Invalidation::on_publish(const live::Topic* topic) {
  if (topic == nullptr) return invalidate(services_, caches_, Change::publications_lost);
  if (topic->kind == topics::kPost) invalidate(services_, caches_, Change::post, topic->id);
  if (topic->kind == topics::kBoard) invalidate(services_, caches_, Change::board, topic->id);
  if (topic->kind == topics::kMember) invalidate(services_, caches_, Change::bell, topic->id);
}

void Invalidation::on_notify(std::string_view channel, std::string_view payload) {
  if (channel == "live") caches_.streams.on_message(payload);
  if (channel == "boards") invalidate(services_, caches_, Change::boards);
  if (channel != "members") return;
  const auto member = id_in(payload);
  member ? invalidate(services_, caches_, Change::member, *member) : invalidate(services_, caches_, Change::members);
}

}  // namespace ms::site
