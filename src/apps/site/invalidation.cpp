// The live topics of the Site, and which change invalidates which cache. There are three sources of changes:
//   publish a topic changed (Redis, or PostgreSQL while Redis is gone). A publication may get lost, so each page cache
//           also has a time to live
//   NOTIFY  of PostgreSQL, in the transaction of the change. When notifications may have been missed, everything is
//           invalidated. Services invalidates members' rights and the boards, for both programs
//   Redis   the channel Sessions::kChannel, published before the response to a revocation
#include "apps/site/invalidation.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <memory>

#include "features/comments/comments.hpp"
#include "features/notifications/notifications.hpp"
#include "features/topics/topics.hpp"

namespace ms::site {
namespace {

/// What a change invalidates in a cache: the values of the post, board or member whose id the change names, or all.
/// `compare`: nothing is invalidated, but values are used only after their version was compared.
enum class Part { none, post, board, member, compare, all };
using enum Part;

struct Row {
  Part lists;       ///< posts::PageCache: lists of boards
  Part post_pages;  ///< PostPageCache: posts, their comments and likes
  Part home;        ///< HomePageCache
  Part bells;       ///< notifications::Notifications
  Part index;       ///< posts::PostIndex
  Part presence;    ///< presence::Presence
  Part streams;     ///< live::Hub: members' streams end, and reconnect with the member's present rights
};

using MakeSource = std::shared_ptr<live::Source> (*)(program::Services&, posts::Posts&);
template <class T>
std::shared_ptr<live::Source> source(program::Services& services, posts::Posts& posts) {
  if constexpr (std::constructible_from<T, pg::Db&, boards::Boards&, posts::Posts&>)
    return std::make_shared<T>(services.db, services.boards, posts);
  else
    return std::make_shared<T>(services.db, services.boards);
}

/// A live topic: the source of its changes, and what its publication invalidates.
struct TopicRow {
  char topic;
  MakeSource source;
  Row row;
};

// clang-format off
constexpr std::array kTopics{
    //                                                             lists  post_pages home  bells   index presence streams
    TopicRow{topics::kPost,   source<comments::LivePost>,         {post,  post,      none, none,   none, none,    none}},
    TopicRow{topics::kBoard,  source<posts::LiveBoard>,           {board, board,     all,  none,   none, none,    none}},
    TopicRow{topics::kMember, source<notifications::LiveMember>,  {none,  none,      none, member, none, none,    none}},
};
//  Publications may have been missed                              lists  post_pages home  bells   index presence streams
constexpr Row kPublicationsLost                                   {all,   compare,   all,  all,    none, none,    none};
//  NOTIFY boards: their settings, and who may read
constexpr Row kBoards                                             {all,   none,      all,  none,   none, none,    none};
//  NOTIFY members "7": name, role, logins
constexpr Row kMember                                             {all,   compare,   all,  none,   none, member,  member};
//  NOTIFY members, anything else: roles, or the database is another one
constexpr Row kMembers                                            {all,   all,       all,  none,   all,  none,    all};
//  Notifications of PostgreSQL may have been missed
constexpr Row kNotifyLost                                         {all,   all,       all,  none,   all,  none,    all};
// clang-format on

static_assert(std::ranges::equal(topics::kAll, kTopics, {}, {}, &TopicRow::topic), "each topic has its row, in order");

void invalidate(program::Services& services, const Caches& caches, const Row& row, std::int64_t id = 0) {
  if (row.lists == all) caches.lists.invalidate_all();
  if (row.lists == post) caches.lists.invalidate(PostId{id});
  if (row.lists == board) caches.lists.invalidate(BoardId{id});
  if (row.post_pages == all) caches.post_pages.invalidate_all();
  if (row.post_pages == compare) caches.post_pages.compare_all();
  if (row.post_pages == post) caches.post_pages.invalidate(PostId{id});
  if (row.post_pages == board) caches.post_pages.invalidate(BoardId{id});
  if (row.home == all) caches.home.invalidate_all();
  if (row.bells == all) services.notifications.invalidate_all();
  if (row.bells == member) services.notifications.changed(MemberId{id});
  if (row.index == all) caches.index.clear_index();
  if (row.presence == member) services.presence.changed(MemberId{id});
  if (row.streams == all) caches.streams.members_may_have_changed();
  if (row.streams == member) caches.streams.member_changed(MemberId{id});
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
  for (const TopicRow& one : kTopics) caches_.streams.add(one.topic, one.source(services_, caches_.index));
  caches_.streams.on_publish([this](const live::Topic* topic) { on_publish(topic); });
  services_.on_notify = [this](std::string_view channel, std::string_view payload) { on_notify(channel, payload); };
  services_.on_notify_lost = [this] { invalidate(services_, caches_, kNotifyLost); };
  services_.sessions.cache_while([this] { return revocations_.catch_up(); });
}

void Invalidation::on_publish(const live::Topic* topic) {
  if (topic == nullptr) return invalidate(services_, caches_, kPublicationsLost);
  const auto* const found = std::ranges::find(kTopics, topic->kind, &TopicRow::topic);
  if (found != kTopics.end()) invalidate(services_, caches_, found->row, topic->id);
}

void Invalidation::on_notify(std::string_view channel, std::string_view payload) {
  if (channel == "live") caches_.streams.on_message(payload);
  if (channel == "boards") invalidate(services_, caches_, kBoards);
  if (channel != "members") return;
  const auto id = id_in(payload);
  id ? invalidate(services_, caches_, kMember, *id) : invalidate(services_, caches_, kMembers);
}

}  // namespace ms::site
