#include <fmt/format.h>

#include "apps/cli/command.hpp"
#include "apps/cli/redis_link.hpp"
#include "apps/cli/setup/files.hpp"
#include "apps/cli/setup/settings.hpp"
#include "apps/cli/setup/wish.hpp"
#include "infra/core/text.hpp"

namespace ms::cli::setup {
namespace {

/// As Debian ships it Redis takes all the memory there is and writes to disk. What holds nothing yet is surely ours.
void bound_redis(RedisLink& redis) {
  if (redis.ask({"DBSIZE"}) != "0" || redis.setting("maxmemory") != "0") return;
  if (redis.setting("maxmemory-policy") != "noeviction") return;
  redis.ask({"CONFIG", "SET", "maxmemory", "256mb"});
  redis.ask({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  redis.ask({"CONFIG", "SET", "save", ""});
  say("Redis takes at most 256 MB and writes nothing to disk (it holds nothing that cannot be lost)");
  try {
    redis.ask({"CONFIG", "REWRITE"});
  } catch (const RedisError& fault) {
    say(fmt::format("until it is started again, because its file cannot be written: {}", fault.what()));
  }
}

}  // namespace

void prepare_redis(const Wish& wish) {
  config::Settings::Redis settings = redis_place(wish.redis);
  const auto kept = wish.dir / "redis.password";
  if (!wish.redis_password_file.empty()) {
    const auto password = std::string(trim(read_file(wish.redis_password_file)));
    if (password.empty()) throw Failure(fmt::format("{} holds no password", wish.redis_password_file.string()));
    if (put_new_file(kept, password + "\n", Readers::programs)) say("took over the password of Redis");
  }
  settings.password = std::string(trim(read_file(kept)));
  try {
    RedisLink redis(settings);
    redis.ask({"PING"});
    try {
      bound_redis(redis);
    } catch (const RedisError&) { return; }  // who may not CONFIG leaves it as it is; doctor says what it would be
  } catch (const RedisError& fault) {
    const std::string_view why = fault.what();
    throw Failure(fmt::format(
        "Redis at {}: {}; {}", wish.redis, why,
        why.starts_with("NOAUTH") || why.starts_with("WRONGPASS")
            ? fmt::format("name a file with its password in --redis-password-file, or mend {}", kept.string())
            : "install it (apt install redis-server), or name another with --redis host:port"));
  }
}

}  // namespace ms::cli::setup
