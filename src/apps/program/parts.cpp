#include "apps/program/app.hpp"
#include "features/posts/posts.hpp"

namespace ms::program {
namespace {

session::Config session_config(const config::Settings& settings, std::string realm) {
  const bool adopt = settings.session.adopt && realm == "site";  // the seed's program logs in to the site
  const bool secure = settings.site.url.starts_with("https:");
  return {std::move(realm),
          settings.session.secret,
          settings.session.cookie,
          std::chrono::hours(settings.session.hours),
          std::chrono::hours(24 * settings.session.remember_days),
          adopt,
          settings.session.adopt,
          secure};
}

members::LoginLimits login_limits(const config::Settings::Login& login) {
  const std::chrono::seconds window = std::chrono::minutes(login.window_minutes);
  return {{"login", login.tries_per_account, window}, {"login-address", login.tries_per_address, window}};
}

/// "live" carries hints while Redis is gone; only the Site has streams that wait for them.
std::vector<std::string> channels(std::string_view realm) {
  std::vector<std::string> names{"members", "boards", "sessions"};
  if (realm == "site") names.emplace_back("live");
  return names;
}

}  // namespace

Parts::Parts(const config::Settings& with, const std::string& realm, CpuPool& hashing)
    : settings(with),
      db(io, config::pg_config(with)),
      purger(db, with.proxy.monitors),
      redis(io, config::redis_config(with)),
      cache(io, redis, {"cache:", "notifications:"}),
      limiter(redis),
      hints(io, db, redis),
      accounts(db, [this] { return listener.live(); }),
      sessions(db, redis, accounts, session_config(with, realm)),
      boards(db, [this] { return listener.live(); }),
      notifications(db, cache, limiter, boards, hints),
      members(db, cache, limiter, sessions, members::Passwords(hashing), login_limits(with.login), posts::cache_keys()),
      presence(db, redis, sessions, with.session.secret),
      listener(
          io, config::pg_config(with).conninfo, channels(realm),
          [this](std::string_view channel, std::string_view payload) {
            if (channel == "members") accounts.changed(payload);
            if (channel == "boards") boards.changed();
            if (channel == "sessions") sessions.ended(payload);
            if (heard) heard(channel, payload);
          },
          [this](bool) {
            accounts.changed("");
            boards.changed();
            if (missed) missed();
          }) {}

}  // namespace ms::program
