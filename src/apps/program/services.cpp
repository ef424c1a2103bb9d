#include "apps/program/app.hpp"
#include "features/posts/posts.hpp"

namespace ms::program {
namespace {

secret::Keyring keys_of(const config::Settings& settings) {
  std::vector<std::string> keys{settings.session.secret};
  keys.insert(keys.end(), settings.session.older_secrets.begin(), settings.session.older_secrets.end());
  return secret::Keyring(std::move(keys));
}

session::Config session_config(const config::Settings& settings, const secret::Keyring& keys, config::Program program) {
  const bool site = program == config::Program::site;
  const bool adopt = settings.session.adopt && site;  // the seed's program logs members in to the Site
  const std::string& url = site ? settings.site.url : settings.site.admin_url;
  const bool secure = url.starts_with("https:");
  const std::string& plain = settings.session.cookie;
  // Express must find its cookie under the plain name.
  const bool host = secure && !adopt && !plain.starts_with("__");
  return {site ? session::Realm::site : session::Realm::admin,
          keys,
          host ? "__Host-" + plain : plain,
          host ? plain : std::string(),
          std::chrono::hours(settings.session.hours),
          std::chrono::hours(24 * settings.session.remember_days),
          adopt,
          settings.session.adopt,
          secure};
}

/// What members of staff search for in the Admin is worth a plan of its own.
pg::Config database_config(const config::Settings& settings, config::Program program) {
  pg::Config out = config::pg_config(settings);
  out.generic_plans = program == config::Program::site;
  return out;
}

/// Each realm counts under its own names: guessing passwords at the Site locks nobody out of the Admin.
members::LoginLimits login_limits(const config::Settings::Login& login, config::Program program) {
  constexpr int kAddressFactor = 5;  // for each try of one browser
  const std::chrono::seconds window = std::chrono::minutes(login.window_minutes);
  const bool site = program == config::Program::site;
  return {{site ? "login" : "login-admin", login.tries_per_account, window},
          {site ? "login-calm" : "login-admin-calm", kAddressFactor * login.tries_per_account, window},
          {site ? "login-device" : "login-admin-device", login.tries_per_account, window},
          {site ? "login-address" : "login-admin-address", login.tries_per_address, window},
          {"password", login.tries_per_account, window},
          {"join", login.joins_per_address, std::chrono::hours(1)}};
}

limit::WriteLimits write_limits(const config::Settings::Writing& writing) {
  return {{writing.posts, writing.comments, writing.edits, writing.likes, writing.follows, writing.mentions},
          writing.staff_factor};
}

/// "live" carries publications while Redis is gone; only the Site has streams that wait for them.
std::vector<std::string> channels(config::Program program) {
  std::vector<std::string> names{"members", "boards", "sessions"};
  if (program == config::Program::site) names.emplace_back("live");
  return names;
}

}  // namespace

Services::Services(const config::Settings& with, config::Program program, const Shared& shared)
    : settings(with),
      keys(keys_of(with)),
      store(shared.store),
      db(io, database_config(with, program)),
      purger(db, with.proxy.monitors),
      redis(io, config::redis_config(with)),
      cache(redis, keys, {"cache:", "notifications:"}),
      limiter(redis, write_limits(with.writing)),
      publisher(io, db, redis, keys),
      accounts(db, [this] { return listener.live(); }),
      sessions(db, redis, accounts, session_config(with, keys, program)),
      writer(db, cache, publisher),
      boards(
          db, [this] { return listener.live(); }, writer),
      notifications(db, cache, limiter, boards, publisher, writer),
      members(db, cache, limiter, writer, members::Passwords(shared.hashing), login_limits(with.login, program),
              members::KnownDevices(keys, std::string(config::name_of(program))), posts::cache_keys(), with.site.name),
      presence(db, redis, sessions, writer, with.session.secret),
      listener(
          io, config::pg_config(with).conninfo, channels(program),
          [this](std::string_view channel, std::string_view payload) {
            if (channel == "members") accounts.changed(payload);
            if (channel == "boards") boards.changed();
            if (channel == "sessions") sessions.ended(payload);
            if (on_notify) on_notify(channel, payload);
          },
          [this](bool) {
            accounts.changed("");
            boards.changed();
            if (on_notify_lost) on_notify_lost();
          }) {
  writer.when_rights_change([this](const Call& call, MemberId member) { return sessions.evict(call, member); });
}

std::vector<cache::LocalCacheStats> Services::cache_stats() const {
  std::vector<cache::LocalCacheStats> out = presence.cache_stats();
  out.insert(out.end(),
             {cache.fallback_stats(), accounts.cache_stats(), sessions.cache_stats(), notifications.cache_stats()});
  return out;
}

}  // namespace ms::program
