// What a cookie was found to be, remembered for some seconds: docs/decisions/0017-page-caches.md.
#include "infra/session/sessions.hpp"

namespace ms::session {

void Sessions::cache_while(std::function<bool()> caught_up) {
  if (!config_.shared) caught_up_ = std::move(caught_up);
}

// Right as long as the account has the epoch under which the session was found alive: whatever ends a session raises it
// in its transaction, and tells by PostgreSQL and, before it answers, by Redis. What Redis told is in this machine's
// socket by then, and is read here before memory is believed.
std::optional<Viewer> Sessions::find_local(const Cookie& cookie) {
  if (!caught_up_) return std::nullopt;
  const LocalSession* known = local_.find(cookie.value);
  if (known == nullptr || known->plain != cookie.plain) return std::nullopt;
  if (!redis_.up() || !caught_up_()) return std::nullopt;
  const auto account = accounts_.peek(known->member);
  if (account && account->epoch == known->epoch && account->incarnation == known->incarnation) {
    return viewer_of(*account, known->id);
  }
  local_.invalidate(cookie.value);
  return std::nullopt;
}

void Sessions::remember(const Cookie& cookie, const Authenticated& found) {
  if (!caught_up_) return;
  local_.put(std::string(cookie.value),
             LocalSession{found.viewer.session_id, found.viewer.id, found.epoch, found.incarnation, cookie.plain});
}

}  // namespace ms::session
