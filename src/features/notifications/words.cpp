#include <array>

#include "features/notifications/notifications.hpp"
#include "infra/unicode/unicode.hpp"

namespace ms::notifications {
namespace {

// By Kind; first for a post, then for a comment.
constexpr std::array<std::array<Msg, 2>, 8> kWords = {{
    {"notifications.mention_post"_msg, "notifications.mention_comment"_msg},
    {"notifications.reply"_msg, "notifications.reply"_msg},
    {"notifications.comment"_msg, "notifications.comment"_msg},
    {"notifications.notice"_msg, "notifications.notice"_msg},
    {"notifications.like_post"_msg, "notifications.like_comment"_msg},
    {"notifications.hidden_post"_msg, "notifications.hidden_comment"_msg},
    {"notifications.restored_post"_msg, "notifications.restored_comment"_msg},
    {"notifications.deleted_post"_msg, "notifications.deleted_comment"_msg},
}};

}  // namespace

std::string words(Kind kind, bool about_comment, std::string_view actor) {
  const auto& both = kWords.at(static_cast<std::size_t>(kind) - 1);
  return tr(both.at(about_comment ? 1 : 0), {{"name", unicode::isolated(actor)}});
}

std::string Notification::words() const {
  const bool by_staff = kind >= Kind::hidden;
  if (!by_staff && href.empty()) {
    return tr(post_href.empty() ? "notifications.post_gone"_msg : "notifications.comment_gone"_msg);
  }
  return notifications::words(kind, static_cast<bool>(comment), actor_name);
}

}  // namespace ms::notifications
