#include "infra/session/sessions.hpp"

#include <fmt/format.h>

#include <charconv>
#include <set>

#include "infra/core/secret.hpp"
#include "infra/core/text.hpp"
#include "infra/session/cookie.hpp"
#include "infra/session/statements.hpp"

namespace ms::session {
namespace {

constexpr auto kTouchEvery = std::chrono::minutes(5);  // how exact "last used" is, and how often a session writes
constexpr int kDeviceLimit = 100;
constexpr std::size_t kAgentLimit = 200;

// When this Redis began to remember, in microseconds since 1970: what it does not have although it was written later
// was taken out.
constexpr std::string_view kSince = "sessions:since";

// Takes out the session whose id only Redis knows.
constexpr std::string_view kEnd = R"(
  local id = redis.call('GET', KEYS[1])
  if id then redis.call('DEL', KEYS[1], ARGV[1] .. id) end)";

constexpr std::string_view kPrefix = "session:";
std::string redis_key(std::string_view id) { return std::string(kPrefix) + std::string(id); }
/// Where a shared session's id stands by its key_of().
std::string id_key(std::string_view key) { return "session-id:" + std::string(key); }

/// The ids of a member's sessions that may stand in Redis.
std::string sessions_of(UserId user) { return "sessions:" + std::to_string(user.value); }

// KEYS: sessions of the member. ARGV: prefix of session keys.
constexpr std::string_view kForget = R"(
for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do redis.call('DEL', ARGV[1] .. id) end
redis.call('DEL', KEYS[1]))";

Timestamp since(const std::optional<redis::Reply>& reply) {
  std::int64_t at = 0;
  if (!reply || reply->kind != redis::Reply::Kind::text) return Timestamp::max();
  const auto [end, error] = std::from_chars(reply->text.data(), reply->text.data() + reply->text.size(), at);
  return error == std::errc() ? Timestamp(std::chrono::microseconds(at)) : Timestamp::max();
}

}  // namespace

struct ClaimRow {
  bool same_password;
  bool suspended;
};

struct Sessions::Row {
  UserId user;
  std::int64_t epoch;
  bool shared;
  Timestamp seen;
};

Sessions::Sessions(pg::Db& db, redis::Client& redis, Accounts& accounts, Config config)
    : db_(db), redis_(redis), accounts_(accounts), config_(std::move(config)) {}

std::string Sessions::key_of(std::string_view session_id) {
  std::string out;
  for (const unsigned char byte : secret::sha256(session_id)) out += fmt::format("{:02x}", byte);
  return out;
}

async<Viewer> Sessions::identify(const Call& call, std::optional<std::string_view> cookie, Use use) {
  std::optional<std::string> id;
  if (cookie) {
    std::optional<Viewer> known;
    if (use == Use::counts) known = recall(*cookie);
    if (known) co_return std::move(*known);
    id = unsign(*cookie, config_.secret);
  }
  if (id) {
    if (auto found = co_await recognise(call, *id, use)) {
      if (use == Use::counts) remember(*cookie, *found);
      co_return std::move(found->viewer);
    }
  }
  Viewer guest;
  guest.permissions = co_await accounts_.guest(call);
  co_return guest;
}

async<Sessions::Heard> Sessions::ask_redis(const Call& call, const std::string& id, Use use) {
  redis::Command get = use == Use::counts ? redis::Command("GETEX", redis_key(id), "EX", config_.idle.count())
                                          : redis::Command("GET", redis_key(id));
  const auto reply = co_await redis_.ask(call, std::move(get));
  Heard heard;
  heard.answered = reply && !reply->is_error();
  if (heard.answered) heard.stored = Stored::parse(reply->text);
  co_return heard;
}

async<std::optional<Sessions::Recognised>> Sessions::recognise(const Call& call, const std::string& id, Use use) {
  Heard heard = co_await ask_redis(call, id, use);
  if (!heard.stored) co_return co_await from_postgres(call, id, std::move(heard), use);
  if (heard.stored->belongs_elsewhere(config_.realm)) co_return std::nullopt;
  const auto checked = heard.stored->checked();
  bool has_row = checked.has_value();
  if (checked) {
    const auto account = co_await accounts_.find(call, checked->member);
    if (account && account->epoch == checked->epoch) {
      Viewer viewer = viewer_of(*account, id);
      const bool enough = use == Use::none || now() - checked->touched <= kTouchEvery;
      if (enough) co_return Recognised{std::move(viewer), account->epoch};
      has_row = co_await touch(call, id);
      if (has_row) {
        co_await keep_in_redis(call, viewer, account->epoch, std::move(heard.stored));
        co_return Recognised{std::move(viewer), account->epoch};
      }
    }
  }
  // Without a row it was never here, or was used only there until the row ran out.
  if (!has_row && config_.adopt && heard.stored->user()) co_return co_await adopt(call, id, std::move(*heard.stored));
  co_return co_await from_postgres(call, id, std::move(heard), use);
}

async<std::optional<Sessions::Recognised>> Sessions::adopt(const Call& call, const std::string& id, Stored stored) {
  const UserId user = *stored.user();
  const std::string hash = secret::sha256(id);
  pg::Batch batch = db_.batch(call);
  const auto exists = batch.add<UserId>(kExists, user);
  const auto slot =
      batch.add<UserId>(kAdopt, pg::Bytes{hash}, user, config_.realm, config_.idle.count(), stored.saved());
  co_await batch.send();
  if (!exists.one()) co_return std::nullopt;
  if (!slot.one()) {
    co_await take_out(call, id);  // suspended, or revoked before: no login there either
    co_return std::nullopt;
  }
  const auto account = co_await accounts_.find(call, user);
  if (!account) co_return std::nullopt;
  Viewer viewer = viewer_of(*account, id);
  // Were the account newer than the row, the next request would check again.
  if (co_await keep_in_redis(call, viewer, account->epoch, std::move(stored))) co_await touch(call, id);
  co_return Recognised{std::move(viewer), account->epoch};
}

async<std::optional<Sessions::Recognised>> Sessions::from_postgres(const Call& call, const std::string& id, Heard heard,
                                                                   Use use) {
  pg::Batch batch = db_.batch(call);
  const std::string hash = secret::sha256(id);
  const auto slot = batch.add<Row>(kFind, pg::Bytes{hash}, config_.realm);
  co_await batch.send();
  const auto row = slot.one();
  if (!row) {
    // What was never checked here may be another program's, which has to keep it.
    if (heard.stored && heard.stored->checked()) co_await take_out(call, id);
    co_return std::nullopt;
  }
  if (co_await ended_by_express(call, *row, heard)) {
    pg::Batch end = db_.batch(call);
    end.add(kDelete, pg::Bytes{hash});
    co_await end.send();
    co_return std::nullopt;
  }
  const auto account = co_await accounts_.find(call, row->user, row->epoch);
  if (!account) co_return std::nullopt;
  Viewer viewer = viewer_of(*account, id);
  // In Redis it would live for as long as from a use on.
  if (use == Use::none) co_return Recognised{std::move(viewer), row->epoch};
  // The row was seen alive under row->epoch. Were the account's newer, the next request would check again.
  if (co_await keep_in_redis(call, viewer, row->epoch, std::move(heard.stored))) co_await touch(call, id);
  co_return Recognised{std::move(viewer), row->epoch};
}

async<bool> Sessions::ended_by_express(const Call& call, const Row& row, const Heard& heard) {
  const bool names_somebody = heard.stored && heard.stored->user();
  if (!config_.adopt || !row.shared || !heard.answered || names_somebody) co_return false;
  redis::Command get("GET", kSince);
  const auto remembers = since(co_await redis_.ask(call, std::move(get)));
  const bool lost_nothing = remembers <= row.seen;
  const bool ran_out = now() - row.seen >= config_.idle;
  co_return lost_nothing && !ran_out;
}

/// Writes the session to Redis and, when Express shares it, waits: true when Redis surely has it. `read` is what stood
/// there; what could not be read is not overwritten, and what is gone meanwhile does not come back.
async<bool> Sessions::keep_in_redis(const Call& call, const Viewer& viewer, std::int64_t epoch,
                                    std::optional<Stored> read) {
  const std::string_view condition = read ? "XX" : "NX";
  Stored stored = std::move(read).value_or(Stored());
  const Timestamp at = now();
  stored.put(viewer, {viewer.id, config_.realm, epoch, at}, {config_.idle, config_.secure});
  redis::Command set("SET", redis_key(viewer.session_id), stored.text(), "EX", config_.idle.count(), condition);
  const std::string of_member = sessions_of(viewer.id);
  redis_.tell(redis::Command("SADD", of_member, viewer.session_id));
  redis_.tell(redis::Command("EXPIRE", of_member, config_.idle.count()));
  if (!config_.adopt) {
    redis_.tell(std::move(set));
    co_return false;
  }
  const auto outlives = config_.idle + std::chrono::seconds(kTouchEvery);
  std::vector<redis::Command> commands;
  commands.emplace_back("SET", kSince, at.time_since_epoch().count(), "NX");
  commands.emplace_back("SET", id_key(key_of(viewer.session_id)), viewer.session_id, "EX", outlives.count());
  commands.push_back(std::move(set));
  const auto replies = co_await redis_.ask_all(call, std::move(commands));
  co_return replies && replies->back().text == "OK";
}

/// False when there is no row any more.
async<bool> Sessions::touch(const Call& call, const std::string& id) {
  pg::Batch batch = db_.batch(call);
  const std::string hash = secret::sha256(id);
  const auto slot = batch.add(kTouch, pg::Bytes{hash}, config_.remembered.count(), config_.idle.count(), config_.adopt);
  co_await batch.send();
  co_return slot.affected() > 0;
}

/// Waited for: who is logged out here is logged out at an Express server that asks Redis right after this answer.
async<void> Sessions::take_out(const Call& call, const std::string& id) {
  redis::Command gone("DEL", redis_key(id));
  co_await redis_.ask(call, std::move(gone));
}

void Sessions::ended(std::string_view key) { redis_.tell(redis::Command("EVAL", kEnd, 1, id_key(key), kPrefix)); }

async<Result<std::string>> Sessions::open(const Call& call, Claim claim, bool remember, bool secure, Origin origin) {
  const std::string id = new_id();
  const std::string hash = secret::sha256(id);
  const auto lifetime = remember ? config_.remembered : config_.idle;
  std::optional<std::string_view> needed;
  if (claim.needed) needed = name_of(*claim.needed);
  pg::Unit unit = db_.unit(call);
  const auto made = unit.add(
      kInsert, pg::Bytes{hash}, claim.user, config_.realm, remember, lifetime.count(), origin.address,
      valid_utf8(origin.agent) ? shorten(origin.agent, kAgentLimit) : std::string(), claim.password_hash, needed);
  const auto done = co_await unit.send();
  if (!done) throw std::logic_error("a new session was refused: " + std::string(done.error().message.key));
  if (made.affected() == 0) co_return co_await why_not(call, claim);
  ++opened_;
  const auto account = co_await accounts_.find(call, claim.user);
  if (account) {
    const Viewer viewer = viewer_of(*account, id);
    if (co_await keep_in_redis(call, viewer, account->epoch, std::nullopt)) co_await touch(call, id);
  }
  std::optional<std::chrono::seconds> max_age;
  if (remember) max_age = config_.remembered;
  co_return set_cookie(sign(id, config_.secret), max_age, secure);
}

async<Refused> Sessions::why_not(const Call& call, const Claim& claim) {
  pg::Batch batch = db_.batch(call);
  const auto slot = batch.add<ClaimRow>(kClaim, claim.user, claim.password_hash);
  co_await batch.send();
  const auto row = slot.one();
  if (!row || !row->same_password) co_return refuse(Code::unauthenticated, "login.wrong"_msg);
  if (row->suspended) co_return refuse(Code::forbidden, "login.suspended"_msg);
  co_return refuse(Code::forbidden, "login.staff_only"_msg);
}

async<std::string> Sessions::close(const Call& call, const Viewer& viewer, bool secure) {
  const std::string hash = secret::sha256(viewer.session_id);
  pg::Unit unit = db_.unit(call);
  unit.add(kDelete, pg::Bytes{hash});
  unit.add(kChanged, viewer.id);  // so that no server's memory and no late Redis keeps it alive
  const auto done = co_await unit.send();
  if (!done) throw std::logic_error("ending a session was refused: " + std::string(done.error().message.key));
  accounts_.changed(std::to_string(viewer.id.value));
  co_await tell_servers(call, viewer.id);
  co_await take_out(call, viewer.session_id);
  co_return set_cookie("", std::chrono::seconds(0), secure);
}

async<std::vector<Device>> Sessions::devices(const Call& call, UserId user) {
  pg::Batch batch = db_.batch(call);
  const auto slot = batch.add<Device>(kDevices, user, kDeviceLimit);
  co_await batch.send();
  co_return slot.all();
}

async<bool> Sessions::revoke(const Call& call, UserId user, std::string_view key) {
  pg::Unit unit = db_.unit(call);
  const auto slot = unit.add<UserId>(kRevoke, user, key);
  const auto done = co_await unit.send();
  if (!done || !slot.one()) co_return false;
  co_await forget(call, user);
  co_return true;
}

async<void> Sessions::revoke_everywhere(const Call& call, UserId user) {
  pg::Unit unit = db_.unit(call);
  revoke_all(unit, user, "");
  const auto done = co_await unit.send();
  if (!done) throw std::logic_error("ending sessions was refused: " + std::string(done.error().message.key));
  co_await forget(call, user);
}

async<void> Sessions::forget(const Call& call, UserId user) {
  accounts_.changed(std::to_string(user.value));
  if (config_.shared) {
    co_await forget_ended_of(call, user);
    co_return;
  }
  co_await tell_servers(call, user);
  redis::Command drop("EVAL", kForget, 1, sessions_of(user), kPrefix);
  co_await redis_.ask(call, std::move(drop));
}

/// Who asks Redis for anything once this is answered, and is answered, knows that the message has left: Redis writes
/// what one turn of its loop gave, to everybody, before the next turn.
async<void> Sessions::tell_servers(const Call& call, UserId member) {
  redis::Command publish("PUBLISH", kChannel, member.value);
  co_await redis_.ask(call, std::move(publish));
}

/// Takes out only what has no row any more: to Express a missing key is an ended login.
async<void> Sessions::forget_ended_of(const Call& call, UserId user) {
  redis::Command members("SMEMBERS", sessions_of(user));
  const auto known = co_await redis_.ask(call, std::move(members));
  if (!known || known->items.empty()) co_return;
  std::set<std::string> alive;
  try {
    pg::Batch batch = db_.batch(call);
    const auto rows = batch.add<std::string>(kAlive, user);
    co_await batch.send();
    for (std::string& key : rows.all()) alive.insert(std::move(key));
  } catch (const pg::Unavailable&) {
    co_return;  // the notification comes to the same, some milliseconds later
  }
  std::vector<redis::Command> commands;
  for (const redis::Reply& id : known->items) {
    if (alive.contains(key_of(id.text))) continue;
    commands.emplace_back("DEL", redis_key(id.text));
    commands.emplace_back("SREM", sessions_of(user), id.text);
  }
  if (!commands.empty()) co_await redis_.ask_all(call, std::move(commands));
}

void Sessions::revoke_all(pg::Statements& unit, UserId user, std::string_view kept) {
  const std::string hash = secret::sha256(kept);
  unit.add(kRevokeAll, user, pg::Bytes{hash});
}

async<void> Sessions::forget_ended(const Call& call) {
  pg::Batch batch = db_.batch(call, pg::Lane::slow);
  batch.add(kForgetEnded);
  co_await batch.send();
}

std::string Sessions::set_cookie(std::string_view value, std::optional<std::chrono::seconds> max_age,
                                 bool secure) const {
  std::string out = fmt::format("{}={}; Path=/; HttpOnly; SameSite=Lax", config_.cookie, value);
  if (max_age) out += fmt::format("; Max-Age={}", max_age->count());
  if (secure) out += "; Secure";
  return out;
}

}  // namespace ms::session
