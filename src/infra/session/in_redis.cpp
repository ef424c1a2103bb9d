// Session records in Redis: reading, writing and deleting.
#include <fmt/format.h>

#include <charconv>
#include <set>

#include "infra/session/sessions.hpp"
#include "infra/session/statements.hpp"

namespace ms::session {
namespace {

// Since when this Redis has data, in microseconds since 1970: a record that was written later and is missing was
// deleted.
constexpr std::string_view kSince = "sessions:since";

constexpr int kWriteTries = 4;  // while another program writes the session at the same moment

// KEYS: a session. ARGV: the expected record, the new record, seconds.
constexpr std::string_view kReplace = R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.status_reply('NO') end
return redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]))";

// Deletes the session whose id only Redis knows.
constexpr std::string_view kDeleteById = R"(
  local id = redis.call('GET', KEYS[1])
  if id then redis.call('DEL', KEYS[1], ARGV[1] .. id) end)";

constexpr std::string_view kPrefix = "session:";
std::string redis_key(std::string_view name) { return std::string(kPrefix) + std::string(name); }
/// The key that maps a shared session's key_of() to its id.
std::string id_key(std::string_view key) { return "session-id:" + std::string(key); }

/// The set of a member's sessions that may be in Redis.
std::string sessions_of(MemberId user) { return "sessions:" + std::to_string(user.value); }

// KEYS: sessions of the member. ARGV: prefix of session keys.
constexpr std::string_view kDeleteAll = R"(
for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do redis.call('DEL', ARGV[1] .. id) end
redis.call('DEL', KEYS[1]))";

Timestamp since(const std::optional<redis::Reply>& reply) {
  std::int64_t at = 0;
  if (!reply || reply->kind != redis::Reply::Kind::text) return Timestamp::max();
  const auto [end, error] = std::from_chars(reply->text.data(), reply->text.data() + reply->text.size(), at);
  return error == std::errc() ? Timestamp(std::chrono::microseconds(at)) : Timestamp::max();
}

}  // namespace

/// Express finds a session by its id, so the Site's keys hold it. The Admin's keep the id from whoever reads Redis.
std::string Sessions::redis_key_of(const std::string& id) const { return of_admin() ? key_of(id) : id; }

async<Sessions::RedisAnswer> Sessions::ask_redis(const Call& call, const std::string& id, SessionTouch use) {
  const std::string key = redis_key(redis_key_of(id));
  redis::Command get =
      use == SessionTouch::yes ? redis::Command("GETEX", key, "EX", config_.idle.count()) : redis::Command("GET", key);
  auto reply = co_await redis_.execute(call, std::move(get));
  RedisAnswer answer;
  answer.answered = reply && !reply->is_error();
  if (answer.answered) answer.record = SessionRecord::parse(std::move(reply->text));
  co_return answer;
}

async<bool> Sessions::ended_by_express(const Call& call, const Row& row, const RedisAnswer& answer) {
  const bool names_member = answer.record && answer.record->user();
  if (!config_.adopt || !row.shared || !answer.answered || names_member) co_return false;
  redis::Command get("GET", kSince);
  const auto has_data_since = since(co_await redis_.execute(call, std::move(get)));
  const bool lost_nothing = has_data_since <= row.seen;
  const bool expired = now() - row.seen >= config_.idle;
  co_return lost_nothing && !expired;
}

/// The command that writes the session record. `read` is the record that was read: a record that another program has
/// written since, or that could not be read, is not overwritten, and a deleted one does not come back.
redis::Command Sessions::write(const Authenticated& found, Timestamp at, std::optional<SessionRecord> read) const {
  const std::string key = redis_key(redis_key_of(found.viewer.session_id));
  const std::string before = read ? read->read() : std::string();
  const bool replaces = read.has_value();
  SessionRecord record = std::move(read).value_or(SessionRecord());
  record.put(found.viewer, {found.viewer.id, std::string(name_of(config_.realm)), found.epoch, at},
             {config_.idle, config_.secure});
  record.authenticate(record_keys_, found.viewer.session_id, found.incarnation);
  if (!replaces) return redis::Command("SET", key, record.text(), "EX", config_.idle.count(), "NX");
  return redis::Command("EVAL", kReplace, 1, key, before, record.text(), config_.idle.count());
}

/// Writes the session record to Redis, and waits for the answer when Express shares it: true when Redis surely has it.
async<bool> Sessions::write_to_redis(const Call& call, const Authenticated& found, std::optional<SessionRecord> read) {
  const std::string& id = found.viewer.session_id;
  const std::string of_member = sessions_of(found.viewer.id);
  const Timestamp at = now();
  redis_.fire_and_forget(redis::Command("SADD", of_member, redis_key_of(id)));
  redis_.fire_and_forget(redis::Command("EXPIRE", of_member, config_.idle.count()));
  if (!config_.adopt) {
    redis_.fire_and_forget(write(found, at, std::move(read)));
    co_return false;
  }
  const auto outlives = config_.idle + std::chrono::seconds(kTouchEvery);
  for (int left = kWriteTries; left > 0; --left) {
    std::vector<redis::Command> commands;
    commands.emplace_back("SET", kSince, at.time_since_epoch().count(), "NX");
    commands.emplace_back("SET", id_key(key_of(id)), id, "EX", outlives.count());
    commands.push_back(write(found, at, std::move(read)));
    const auto replies = co_await redis_.execute_all(call, std::move(commands));
    if (!replies || replies->back().is_error()) co_return false;
    if (replies->back().text == "OK") co_return true;
    // Express wrote or ended it at the same moment.
    RedisAnswer answer = co_await ask_redis(call, id, SessionTouch::no);
    if (!answer.record || answer.record->user() != found.viewer.id) co_return false;
    read = std::move(answer.record);
  }
  co_return false;
}

/// Waits for the answer, so that an Express server that asks Redis right after our response finds no login either.
async<void> Sessions::delete_from_redis(const Call& call, const std::string& id) {
  redis::Command remove("DEL", redis_key(redis_key_of(id)));
  co_await redis_.execute(call, std::move(remove));
}

void Sessions::ended(std::string_view key) {
  redis_.fire_and_forget(redis::Command("EVAL", kDeleteById, 1, id_key(key), kPrefix));
}

async<void> Sessions::evict(const Call& call, MemberId user) {
  accounts_.changed(std::to_string(user.value));
  if (on_session_end_) co_await on_session_end_(call, user);
  if (config_.shared) {
    co_await delete_expired_of(call, user);
    co_return;
  }
  co_await notify_servers(call, user);
  redis::Command drop("EVAL", kDeleteAll, 1, sessions_of(user), kPrefix);
  co_await redis_.execute(call, std::move(drop));
}

/// A client whose later command is answered after this one knows that the message has left Redis, because Redis writes
/// everything that one turn of its loop produced, to all clients, before the next turn.
async<void> Sessions::notify_servers(const Call& call, MemberId member) {
  redis::Command publish("PUBLISH", kChannel, member.value);
  co_await redis_.execute(call, std::move(publish));
}

/// Deletes only records without a row, because to Express a missing key is an ended login.
async<void> Sessions::delete_expired_of(const Call& call, MemberId user) {
  redis::Command members("SMEMBERS", sessions_of(user));
  const auto names = co_await redis_.execute(call, std::move(members));
  if (!names || names->items.empty()) co_return;
  std::set<std::string> keys;
  try {
    pg::Batch batch = db_.batch(call);
    const auto rows = batch.add<std::string>(kAlive, user);
    co_await batch.send();
    for (std::string& key : rows.all()) keys.insert(std::move(key));
  } catch (const pg::Unavailable&) {
    co_return;  // the notification does the same some milliseconds later
  }
  std::vector<redis::Command> commands;
  for (const redis::Reply& name : names->items) {
    if (keys.contains(key_of(name.text)) || keys.contains(name.text)) continue;
    commands.emplace_back("DEL", redis_key(name.text));
    commands.emplace_back("SREM", sessions_of(user), name.text);
  }
  if (!commands.empty()) co_await redis_.execute_all(call, std::move(commands));
}

}  // namespace ms::session
