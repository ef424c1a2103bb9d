#include "apps/cli/redis_link.hpp"

#include <sys/time.h>

namespace ms::cli {
namespace {

constexpr timeval kTimeout{2, 0};

struct Drop {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

std::string text_of(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      return std::to_string(reply.integer);
    case REDIS_REPLY_ARRAY: {
      std::string out;
      for (std::size_t i = 0; i < reply.elements; ++i) out += (i == 0 ? "" : "\n") + text_of(*reply.element[i]);
      return out;
    }
    case REDIS_REPLY_NIL:
      return "";
    default:
      return {reply.str, reply.len};
  }
}

}  // namespace

void RedisLink::Free::operator()(redisContext* context) const { redisFree(context); }

RedisLink::RedisLink(const config::Settings::Redis& settings)
    : context_(settings.host.starts_with('/')
                   ? redisConnectUnixWithTimeout(settings.host.c_str(), kTimeout)
                   : redisConnectWithTimeout(settings.host.c_str(), settings.port, kTimeout)) {
  if (!context_ || context_->err != 0) throw RedisError(context_ ? context_->errstr : "out of memory");
  redisSetTimeout(context_.get(), kTimeout);
  if (!settings.password.empty()) {
    ask(settings.user.empty() ? std::vector<std::string>{"AUTH", settings.password}
                              : std::vector<std::string>{"AUTH", settings.user, settings.password});
  }
  if (settings.database != 0) ask({"SELECT", std::to_string(settings.database)});
}

std::string RedisLink::ask(const std::vector<std::string>& words) {
  std::vector<const char*> pointers;
  std::vector<std::size_t> sizes;
  for (const auto& word : words) {
    pointers.push_back(word.data());
    sizes.push_back(word.size());
  }
  const std::unique_ptr<redisReply, Drop> reply(static_cast<redisReply*>(
      redisCommandArgv(context_.get(), static_cast<int>(words.size()), pointers.data(), sizes.data())));
  if (!reply) throw RedisError(context_->err != 0 ? context_->errstr : "no answer");
  if (reply->type == REDIS_REPLY_ERROR) throw RedisError(std::string(reply->str, reply->len));
  return text_of(*reply);
}

std::string RedisLink::setting(const std::string& name) {
  const std::string answer = ask({"CONFIG", "GET", name});
  const auto end = answer.find('\n');
  return end == answer.npos ? "" : answer.substr(end + 1);
}

}  // namespace ms::cli
