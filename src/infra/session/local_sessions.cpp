// The local cache of authenticated cookies: docs/decisions/0017-page-caches.md.
#include "infra/session/sessions.hpp"

namespace ms::session {

void Sessions::cache_while(std::function<bool()> caught_up) {
  if (!config_.shared) caught_up_ = std::move(caught_up);
}

// An entry is valid as long as the account has the epoch under which the session was authenticated. Whatever ends a
// session raises the epoch in its transaction, and publishes that through PostgreSQL and, before it responds, through
// Redis. The message from Redis is in this machine's socket by then, and is read here before the cache is used.
std::optional<Viewer> Sessions::find_local(const Cookie& cookie) {
  if (!caught_up_) return std::nullopt;
  const LocalSession* cached = local_.find(cookie.value);
  if (cached == nullptr || cached->plain != cookie.plain) return std::nullopt;
  if (!redis_.up() || !caught_up_()) return std::nullopt;
  const auto account = accounts_.peek(cached->member);
  if (account && account->epoch == cached->epoch && account->incarnation == cached->incarnation) {
    return viewer_of(*account, cached->id);
  }
  local_.invalidate(cookie.value);
  return std::nullopt;
}

void Sessions::cache_locally(const Cookie& cookie, const Authenticated& found) {
  if (!caught_up_) return;
  local_.put(std::string(cookie.value),
             LocalSession{found.viewer.session_id, found.viewer.id, found.epoch, found.incarnation, cookie.plain});
}

}  // namespace ms::session
