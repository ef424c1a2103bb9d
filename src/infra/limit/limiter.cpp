#include "infra/limit/limiter.hpp"

#include <array>

#include "infra/core/secret.hpp"

namespace ms::limit {
namespace {

// The expiry is set whenever it is missing: a counter without it would lock its subject out for ever.
constexpr std::string_view kCount = R"(
local n = redis.call('INCRBY', KEYS[1], ARGV[2])
if redis.call('TTL', KEYS[1]) < 0 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return n)";

// An expired counter is not created again.
constexpr std::string_view kTakeBack = "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DECR', KEYS[1]) end";

constexpr std::array<std::string_view, 6> kWriteNames = {"post", "comment", "edit", "like", "follow", "mention"};
constexpr std::array<Msg, 6> kWriteReasons = {"limit.post"_msg, "limit.comment"_msg, "limit.edit"_msg,
                                              "limit.like"_msg, "limit.follow"_msg,  "limit.mention"_msg};

std::string key_of(const Rule& rule, std::string_view subject) {
  return "limit:" + std::string(rule.name) + ":" + secret::base64(secret::sha256(subject));
}

}  // namespace

async<bool> Limiter::allow(const Call& call, Rule rule, std::string subject, std::int64_t times) {
  const auto tries = co_await count(call, rule, std::move(subject), times);
  co_return tries <= rule.limit;
}

async<std::int64_t> Limiter::count(const Call& call, Rule rule, std::string subject, std::int64_t times) {
  const std::string key = key_of(rule, subject);
  const auto reply = co_await client_.execute(call, redis::Command("EVAL", kCount, 1, key, rule.window.count(), times));
  if (reply && reply->kind == redis::Reply::Kind::integer) co_return reply->integer;
  co_return local_.add(key, rule.window, std::chrono::steady_clock::now(), times);
}

async<Result<void>> Limiter::allow_write(const Call& call, MemberId member, bool staff, Write what,
                                         std::int64_t times) {
  if (times <= 0) co_return Result<void>();
  const auto kind = static_cast<std::size_t>(what);
  const int limit = writes_.each_minute.at(kind) * (staff ? writes_.staff_factor : 1);
  const Rule rule{kWriteNames.at(kind), limit, std::chrono::minutes(1)};
  const bool allowed = co_await allow(call, rule, std::to_string(member.value), times);
  if (!allowed) co_return fail(ErrorCode::too_many, kWriteReasons.at(kind), rule.window);
  co_return Result<void>();
}

async<> Limiter::take_back(const Call& call, Rule rule, std::string subject) {
  const std::string key = key_of(rule, subject);
  local_.take_back(key);
  co_await client_.execute(call, redis::Command("EVAL", kTakeBack, 1, key));
}

void Limiter::reset(Rule rule, std::string_view subject) {
  const std::string key = key_of(rule, subject);
  local_.erase(key);
  // Unknown is fine: the count ends with its window.
  client_.fire_and_forget(redis::Command("DEL", key));
}

}  // namespace ms::limit
