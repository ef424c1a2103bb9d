#include "features/notifications/notifications.hpp"
#include "infra/unicode/unicode.hpp"

namespace ms::notifications {

std::string words(Kind kind, bool about_comment, std::string_view actor) {
  const KindTraits& traits = traits_of(kind);
  return tr(about_comment ? traits.about_comment : traits.about_post, {{"name", unicode::isolated(actor)}});
}

std::string Notification::words() const {
  if (!by_staff(kind) && href.empty()) {
    return tr(post_href.empty() ? "notifications.post_gone"_msg : "notifications.comment_gone"_msg);
  }
  return notifications::words(kind, static_cast<bool>(comment), actor_name);
}

}  // namespace ms::notifications
