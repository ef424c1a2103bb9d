#include "infra/session/sessions.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>

#include "infra/core/secret.hpp"
#include "infra/core/text.hpp"
#include "infra/session/cookie.hpp"

namespace ms::session {
namespace {

namespace json = boost::json;

constexpr auto kTouchEvery = std::chrono::minutes(5);  // how exact "last used" is, and how often a session writes
constexpr int kDeviceLimit = 100;
constexpr std::size_t kAgentLimit = 200;

struct Row {
  UserId user;
  std::int64_t epoch;
};

constexpr pg::Query kInsert{"sessions.insert", R"(
  insert into sessions (id_hash, user_id, realm, remember, expires_at, address, agent)
  values ($1, $2, $3, $4, now() + make_interval(secs => $5), $6, $7))"};
constexpr pg::Query kSignedIn{"sessions.signed_in", "update users set seen_at = now() where id = $1"};
constexpr pg::Query kFind{"sessions.find", R"(
  select s.user_id, u.session_epoch from sessions s join users u on u.id = s.user_id
   where s.id_hash = $1 and s.realm = $2 and s.expires_at > now())"};
constexpr pg::Query kTouch{"sessions.touch", R"(
  update sessions set seen_at = now(), expires_at = now() + make_interval(secs => case when remember then $2::int else $3::int end)
   where id_hash = $1)"};
constexpr pg::Query kDelete{"sessions.delete", "delete from sessions where id_hash = $1"};
constexpr pg::Query kChanged{"sessions.changed", "select ms_member_changed($1)"};
constexpr pg::Query kDevices{"sessions.devices", R"(
  select encode(id_hash, 'hex'), created_at, seen_at, address, agent from sessions
   where user_id = $1 and expires_at > now() order by seen_at desc limit $2)"};
constexpr pg::Query kRevoke{"sessions.revoke", R"(
  with gone as (delete from sessions where user_id = $1 and encode(id_hash, 'hex') = $2 returning user_id)
  select user_id from gone, lateral ms_member_changed(user_id))"};
constexpr pg::Query kForgetEnded{"sessions.forget_ended", R"(
  delete from sessions where id_hash in (
    select id_hash from sessions where expires_at < now() limit 5000 for update skip locked))"};
constexpr pg::Query kRevokeAll{"sessions.revoke_all", "delete from sessions where user_id = $1 and id_hash <> $2"};

std::string redis_key(std::string_view id) { return "session:" + std::string(id); }

Viewer viewer_of(const Account& account, std::string id) {
  return Viewer{account.id, account.name, account.email, account.role, account.permissions, std::move(id)};
}

/// A member's id as a program wrote it: the seed's has it as a string.
std::optional<UserId> user_of(const json::value* value) {
  if (value == nullptr) return std::nullopt;
  if (const auto* number = value->if_int64()) return UserId{*number};
  if (const auto* text = value->if_string()) {
    UserId id;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), id.value);
    if (error == std::errc() && end == text->data() + text->size()) return id;
  }
  return std::nullopt;
}

}  // namespace

/// What `session:<id>` says.
struct Sessions::Stored {
  UserId user;
  std::string realm;
  std::int64_t epoch = 0;
  std::int64_t touched = 0;  // seconds since 1970

  static std::optional<Stored> parse(std::string_view text) {
    json::error_code error;
    const json::value value = json::parse(text, error);
    const auto* object = error ? nullptr : value.if_object();
    if (object == nullptr) return std::nullopt;
    const auto user = user_of(object->if_contains("userId"));
    if (!user) return std::nullopt;
    Stored out;
    out.user = *user;
    if (const auto* realm = object->if_contains("realm"); realm && realm->is_string()) out.realm = realm->get_string();
    if (const auto* epoch = object->if_contains("epoch"); epoch && epoch->is_int64()) out.epoch = epoch->get_int64();
    if (const auto* at = object->if_contains("touched"); at && at->is_int64()) out.touched = at->get_int64();
    return out;
  }
};

Sessions::Sessions(pg::Db& db, redis::Client& redis, Accounts& accounts, Config config)
    : db_(db), redis_(redis), accounts_(accounts), config_(std::move(config)) {}

std::string Sessions::key_of(std::string_view session_id) {
  std::string out;
  for (const unsigned char byte : secret::sha256(session_id)) out += fmt::format("{:02x}", byte);
  return out;
}

async<Viewer> Sessions::identify(const Call& call, std::optional<std::string_view> cookie) {
  std::optional<std::string> id;
  if (cookie) id = unsign(*cookie, config_.secret);
  if (id) {
    if (auto viewer = co_await from_redis(call, *id)) co_return std::move(*viewer);
    if (auto viewer = co_await from_postgres(call, *id)) co_return std::move(*viewer);
  }
  Viewer guest;
  guest.permissions = co_await accounts_.guest(call);
  co_return guest;
}

async<std::optional<Viewer>> Sessions::from_redis(const Call& call, const std::string& id) {
  redis::Command get("GETEX", redis_key(id), "EX", config_.idle.count());
  const auto reply = co_await redis_.ask(call, std::move(get));
  if (!reply || reply->kind != redis::Reply::Kind::text) co_return std::nullopt;
  const auto stored = Stored::parse(reply->text);
  if (!stored || stored->realm != config_.realm) co_return std::nullopt;
  const auto account = co_await accounts_.find(call, stored->user);
  if (!account || account->epoch != stored->epoch) co_return std::nullopt;
  Viewer viewer = viewer_of(*account, id);
  const Timestamp at = now();
  const Timestamp touched{std::chrono::seconds(stored->touched)};
  if (at - touched > kTouchEvery) {
    co_await touch(call, id);
    remember_in_redis(viewer, account->epoch, at);
  }
  co_return viewer;
}

async<std::optional<Viewer>> Sessions::from_postgres(const Call& call, const std::string& id) {
  pg::Batch batch = db_.batch(call);
  const std::string hash = secret::sha256(id);
  const auto slot = batch.add<Row>(kFind, pg::Bytes{hash}, config_.realm);
  co_await batch.send();
  const auto row = slot.one();
  if (!row) {
    redis_.tell(redis::Command("DEL", redis_key(id)));
    co_return std::nullopt;
  }
  const auto account = co_await accounts_.find(call, row->user);
  if (!account) co_return std::nullopt;
  Viewer viewer = viewer_of(*account, id);
  // The row was seen alive under row->epoch. Were the account's newer, the next request would check again.
  remember_in_redis(viewer, row->epoch, now());
  co_return viewer;
}

void Sessions::remember_in_redis(const Viewer& viewer, std::int64_t epoch, Timestamp accessed) {
  json::array permissions;
  const std::string joined = viewer.permissions.names();
  std::string_view names = joined;
  while (!names.empty()) {
    const auto comma = names.find(',');
    permissions.emplace_back(names.substr(0, comma));
    names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 1);
  }
  const json::object cookie{{"originalMaxAge", std::chrono::milliseconds(config_.idle).count()},
                            {"expires", rfc3339(accessed + config_.idle)},
                            {"httpOnly", true},
                            {"path", "/"}};
  const json::object session{
      {"cookie", cookie},
      {"userId", viewer.id.value},
      {"email", viewer.email},
      {"role", name_of(viewer.role)},
      {"permissions", permissions},
      {"lastAccess", rfc3339(accessed)},
      {"realm", config_.realm},
      {"epoch", epoch},
      {"touched", std::chrono::floor<std::chrono::seconds>(accessed).time_since_epoch().count()}};
  redis_.tell(
      redis::Command("SET", redis_key(viewer.session_id), json::serialize(session), "EX", config_.idle.count()));
}

async<void> Sessions::touch(const Call& call, const std::string& id) {
  pg::Batch batch = db_.batch(call);
  const std::string hash = secret::sha256(id);
  batch.add(kTouch, pg::Bytes{hash}, config_.remembered.count(), config_.idle.count());
  co_await batch.send();
}

async<std::string> Sessions::open(const Call& call, UserId user, bool remember, bool secure, Origin origin) {
  const std::string id = new_id();
  const std::string hash = secret::sha256(id);
  const auto lifetime = remember ? config_.remembered : config_.idle;
  pg::Unit unit = db_.unit(call);
  unit.add(kInsert, pg::Bytes{hash}, user, config_.realm, remember, lifetime.count(), origin.address,
           valid_utf8(origin.agent) ? shorten(origin.agent, kAgentLimit) : std::string());
  unit.add(kSignedIn, user);
  const auto done = co_await unit.send();
  if (!done) throw std::logic_error("a new session was refused: " + std::string(done.error().message.key));
  const auto account = co_await accounts_.find(call, user);
  if (account) remember_in_redis(viewer_of(*account, id), account->epoch, now());
  std::optional<std::chrono::seconds> max_age;
  if (remember) max_age = config_.remembered;
  co_return set_cookie(sign(id, config_.secret), max_age, secure);
}

async<std::string> Sessions::close(const Call& call, const Viewer& viewer, bool secure) {
  const std::string hash = secret::sha256(viewer.session_id);
  pg::Unit unit = db_.unit(call);
  unit.add(kDelete, pg::Bytes{hash});
  unit.add(kChanged, viewer.id);  // so that no server's memory and no late Redis keeps it alive
  const auto done = co_await unit.send();
  if (!done) throw std::logic_error("ending a session was refused: " + std::string(done.error().message.key));
  redis_.tell(redis::Command("DEL", redis_key(viewer.session_id)));
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
  co_return done.has_value() && slot.one().has_value();
}

async<void> Sessions::revoke_everywhere(const Call& call, UserId user) {
  pg::Unit unit = db_.unit(call);
  revoke_all(unit, user, "");
  const auto done = co_await unit.send();
  if (!done) throw std::logic_error("ending sessions was refused: " + std::string(done.error().message.key));
}

void Sessions::revoke_all(pg::Statements& unit, UserId user, std::string_view kept) {
  const std::string hash = secret::sha256(kept);
  unit.add(kRevokeAll, user, pg::Bytes{hash});
  unit.add(kChanged, user);
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
