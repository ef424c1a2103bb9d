#include "apps/cli/publish.hpp"

#include <fmt/format.h>

#include <iostream>

#include "apps/cli/redis_link.hpp"
#include "infra/cache/redis_cache.hpp"
#include "infra/session/sessions.hpp"

namespace ms::cli {
namespace {

/// `member` is the message on the channel of members: an id, or "" for all members.
void tell_redis(const config::Settings& settings, const std::vector<std::string>& drop, const std::string& member) {
  try {
    RedisLink redis(settings.redis);
    redis.ask(drop);
    redis.ask({"PUBLISH", session::Sessions::kChannel, member});
  } catch (const RedisError& fault) {
    std::cerr << fmt::format(
        "minschool: Redis was not told: {}. Running programs may show for a minute what was there before.\n",
        fault.what());
  }
}

}  // namespace

void publish_member(const config::Settings& settings, const std::string& id) {
  tell_redis(settings, cache::invalidate_command({"cache:user:profile:" + id}), id);
}

void publish_everything(const config::Settings& settings, Database& database) {
  // Only after Redis was invalidated, because the programs read it again when they are notified.
  tell_redis(settings, cache::invalidate_all_command({"cache:", "notifications:"}), "");
  database.query("select pg_notify('members', ''), pg_notify('boards', '')");
}

}  // namespace ms::cli
