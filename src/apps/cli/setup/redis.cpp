#include <fmt/format.h>

#include <filesystem>
#include <sstream>

#include "apps/cli/command.hpp"
#include "apps/cli/redis_link.hpp"
#include "apps/cli/setup/files.hpp"
#include "apps/cli/setup/options.hpp"
#include "apps/cli/setup/settings.hpp"
#include "infra/core/visible.hpp"

namespace ms::cli::setup {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUser = "minschool";

/// The file with the password of Redis's default user, when setup gave it one.
fs::path admin_file(const SetupOptions& options) { return options.dir / "redis.admin"; }

std::string first_line(const fs::path& file) {
  const auto text = visible_secret(read_file(file));
  if (!text) throw Failure(fmt::format("{} {}", file.string(), text.error()));
  return *text;
}

/// The ACL rules, without the comments.
std::vector<std::string> rights(const SetupOptions& options) {
  std::istringstream lines(read_file(options.share / "redis/minschool.acl"));
  std::vector<std::string> out;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    for (std::string word; words >> word;) out.push_back(word);
  }
  if (out.empty()) throw Failure(fmt::format("{} is missing", (options.share / "redis/minschool.acl").string()));
  return out;
}

/// Gives the programs' user its password and rights; a user that has them already is not written to Redis's file again.
void put_user(RedisLink& redis, const SetupOptions& options) {
  const std::string before = redis.ask({"ACL", "LIST"});
  std::vector<std::string> words{"ACL",   "SETUSER", kUser,
                                 "reset", "on",      ">" + first_line(options.dir / "redis.password")};
  for (std::string& word : rights(options)) words.push_back(std::move(word));
  redis.ask(words);
  if (redis.ask({"ACL", "LIST"}) != before) redis.ask({"CONFIG", "REWRITE"});
}

/// Whether setup may set a password without locking out other users of Redis: it is empty and has no ACL users.
bool is_as_shipped(RedisLink& redis) {
  return redis.ask({"DBSIZE"}) == "0" && redis.setting("requirepass").empty() && redis.setting("aclfile").empty() &&
         redis.ask({"ACL", "USERS"}) == "default";
}

/// Protects sessions: without a password, anybody on the network can read and end them.
void protect(RedisLink& redis, const SetupOptions& options) {
  redis.ask({"CONFIG", "REWRITE"});  // otherwise the password is lost at the next start
  static_cast<void>(secret_in(options.dir / "redis.password", Readers::programs));
  const auto admin = secret_in(admin_file(options), Readers::root);
  put_user(redis, options);
  redis.ask({"CONFIG", "SET", "requirepass", admin});
  redis.ask({"CONFIG", "REWRITE"});
  print_step(fmt::format(
      "Redis asks for a password: the programs are its user {}, and redis-cli finds that of the default user in {}",
      kUser, admin_file(options).string()));
}

/// Debian's Redis uses all memory and writes to disk. Setup changes that only for an empty one, which nobody else uses.
void bound_redis(RedisLink& redis) {
  if (redis.ask({"DBSIZE"}) != "0" || redis.setting("maxmemory") != "0") return;
  if (redis.setting("maxmemory-policy") != "noeviction") return;
  redis.ask({"CONFIG", "SET", "maxmemory", "256mb"});
  redis.ask({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  redis.ask({"CONFIG", "SET", "save", ""});
  print_step("Redis takes at most 256 MB and writes nothing to disk (it holds nothing that cannot be lost)");
  try {
    redis.ask({"CONFIG", "REWRITE"});
  } catch (const RedisError& fault) {
    print_step(fmt::format("until it is started again, because its file cannot be written: {}", fault.what()));
  }
}

/// Bounds and protects a Redis on this machine, as its administrator.
void secure_local(const SetupOptions& options) {
  config::Settings::Redis settings = redis_place(options.redis);
  const bool ours = fs::exists(admin_file(options));
  if (ours) settings.password = first_line(admin_file(options));
  try {
    RedisLink redis(settings);
    bound_redis(redis);
    if (ours) {
      put_user(redis, options);
    } else if (is_as_shipped(redis)) {
      protect(redis, options);
    }
  } catch (const RedisError& fault) {
    const std::string_view why = fault.what();
    // A missing password is reported below.
    if (!why.starts_with("NOAUTH")) print_step(fmt::format("Redis is left as it is protected now: {}", why));
  }
}

bool is_local(const config::Settings::Redis& redis) {
  return redis.host.starts_with('/') || redis.host == "localhost" || redis.host.starts_with("127.") ||
         redis.host == "::1";
}

}  // namespace

void prepare_redis(SetupOptions& options) {
  config::Settings::Redis settings = redis_place(options.redis);
  const auto password_file = options.dir / "redis.password";
  if (!options.redis_password_file.empty()) {
    const auto password = first_line(options.redis_password_file);
    if (password.empty()) throw Failure(fmt::format("{} holds no password", options.redis_password_file.string()));
    if (put_new_file(password_file, password + "\n", Readers::programs)) print_step("took over the password of Redis");
  }
  if (is_local(settings) && (fs::exists(admin_file(options)) || !fs::exists(password_file))) secure_local(options);
  if (fs::exists(admin_file(options))) options.redis_user = kUser;
  settings.user = options.redis_user;
  settings.password = first_line(password_file);
  try {
    RedisLink redis(settings);
    redis.ask({"PING"});
  } catch (const RedisError& fault) {
    const std::string_view why = fault.what();
    throw Failure(fmt::format("Redis at {}: {}; {}", options.redis, why,
                              why.starts_with("NOAUTH") || why.starts_with("WRONGPASS")
                                  ? fmt::format("name a file with its password in --redis-password-file, or correct {}",
                                                password_file.string())
                                  : "install it (apt install redis-server), or name another with --redis host:port"));
  }
}

}  // namespace ms::cli::setup
