#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "infra/core/id.hpp"
#include "infra/core/message.hpp"

// The kinds of notifications. A new one is a line of Kind, a row of kKinds and its texts (docs/development.md); neither
// PostgreSQL nor any other code lists them.
namespace ms::notifications {

/// As in PostgreSQL (notifications.kind): a number is never used again. When several apply, the lowest is used.
enum class Kind : std::int16_t {
  mention = 1,
  reply = 2,
  comment = 3,
  notice = 4,
  like = 5,
  hidden = 6,
  restored = 7,
  deleted = 8,
};

/// How often one subject, a post or a comment, notifies the same member. The kinds that come `once` count as one: who
/// was notified of a comment is not notified of a mention that an edit adds.
enum class Repeat { once, once_an_actor, always };

struct KindTraits {
  Kind kind;
  std::string_view name;  ///< in forms, the API and Redis
  Msg about_post;         ///< with {name}, the actor; not for acts of staff, whose actor is not shown
  Msg about_comment;
  Msg setting;  ///< the label of its switch; acts of staff share one
  Repeat repeat = Repeat::once;
  /// Notifies of content that is not visible, too.
  bool by_staff = false;
};

constexpr KindTraits act_of_staff(Kind kind, std::string_view name, Msg about_post, Msg about_comment) {
  return {kind, name, about_post, about_comment, "notifications.of_staff"_msg, Repeat::always, true};
}

inline constexpr auto kKinds = std::to_array<KindTraits>({
    {Kind::mention, "mention", "notifications.mention_post"_msg, "notifications.mention_comment"_msg,
     "notifications.of_mention"_msg},
    {Kind::reply, "reply", "notifications.reply"_msg, "notifications.reply"_msg, "notifications.of_reply"_msg},
    {Kind::comment, "comment", "notifications.comment"_msg, "notifications.comment"_msg,
     "notifications.of_comment"_msg},
    {Kind::notice, "notice", "notifications.notice"_msg, "notifications.notice"_msg, "notifications.of_notice"_msg},
    {Kind::like, "like", "notifications.like_post"_msg, "notifications.like_comment"_msg, "notifications.of_like"_msg,
     Repeat::once_an_actor},
    act_of_staff(Kind::hidden, "hidden", "notifications.hidden_post"_msg, "notifications.hidden_comment"_msg),
    act_of_staff(Kind::restored, "restored", "notifications.restored_post"_msg, "notifications.restored_comment"_msg),
    act_of_staff(Kind::deleted, "deleted", "notifications.deleted_post"_msg, "notifications.deleted_comment"_msg),
});

/// Stands for a kind of a newer program, while servers are updated one after the other.
inline constexpr KindTraits kUnknownKind{Kind{}, "unknown", "notifications.unknown"_msg, "notifications.unknown"_msg,
                                         "notifications.unknown"_msg};

constexpr const KindTraits& traits_of(Kind kind) {
  const auto* const found = std::ranges::find(kKinds, kind, &KindTraits::kind);
  return found == kKinds.end() ? kUnknownKind : *found;
}
constexpr std::string_view name_of(Kind kind) { return traits_of(kind).name; }
constexpr bool by_staff(Kind kind) { return traits_of(kind).by_staff; }

/// The kinds that a member switches on and off; the first act of staff stands for all of them.
inline constexpr auto kSwitches = [] {
  constexpr auto kCount = std::ranges::count(kKinds, false, &KindTraits::by_staff) + 1;
  std::array<Kind, kCount> out{};
  auto* at = out.begin();
  for (const KindTraits& one : kKinds) {
    if (!one.by_staff) *at++ = one.kind;
  }
  *at = std::ranges::find(kKinds, true, &KindTraits::by_staff)->kind;
  return out;
}();

/// The bit of users.muted_notifications that mutes the kind: that of its number, and 0 for all acts of staff.
constexpr int mute_bit(Kind kind) { return by_staff(kind) ? 0 : static_cast<int>(kind); }
constexpr int kMaxMuteBit = 14;  ///< of a smallint
static_assert(std::ranges::all_of(kKinds, [](const KindTraits& one) { return mute_bit(one.kind) <= kMaxMuteBit; }));

/// notifications.dedup_key: a subject notifies a member once with each key, and with null every time.
inline std::optional<std::string> dedup_key(Kind kind, MemberId actor) {
  switch (traits_of(kind).repeat) {
    case Repeat::once:
      return "";
    case Repeat::once_an_actor:
      return std::string(name_of(kind)) + ":" + std::to_string(actor.value);
    case Repeat::always:
      break;
  }
  return std::nullopt;
}

}  // namespace ms::notifications
