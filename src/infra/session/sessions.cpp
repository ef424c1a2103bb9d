#include "infra/session/sessions.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <set>

#include "infra/core/secret.hpp"
#include "infra/core/text.hpp"
#include "infra/pg/transaction.hpp"
#include "infra/session/cookie.hpp"
#include "infra/session/statements.hpp"

namespace ms::session {
namespace {

// Browsers accept this prefix only from this host and by TLS (RFC 6265bis, 4.1.3.2). Keys of its own enforce that here
// too: a cookie that another subdomain plants under the plain name is not a valid session.
constexpr std::string_view kHostPrefix = "__Host-";
constexpr int kDeviceLimit = 100;
constexpr auto kRemembered = std::chrono::seconds(10);  // Redis is asked again then, which also moves its expiry
constexpr std::size_t kMaxRememberedBytes = 6 << 20;    // some 20,000 cookies
constexpr std::size_t kAgentLimit = 200;

}  // namespace

std::string_view name_of(Realm realm) noexcept { return realm == Realm::site ? "site" : "admin"; }

/// Whether a member's session may be adopted.
struct Adoptable {
  MemberId user;
  bool granted;
};

struct ClaimRow {
  bool same_password;
  bool suspended;
};

Sessions::Sessions(pg::Db& db, redis::Client& redis, Accounts& accounts, Config config)
    : db_(db),
      redis_(redis),
      accounts_(accounts),
      config_(std::move(config)),
      cookie_keys_(config_.cookie.starts_with(kHostPrefix) ? config_.keys.derived(kHostPrefix) : config_.keys),
      record_keys_(config_.keys.derived(kRecordPurpose)),
      local_({.name = "sessions", .max_bytes = kMaxRememberedBytes, .ttl = kRemembered, .heap_bytes = heap_bytes}) {}

std::string Sessions::key_of(std::string_view session_id) {
  std::string out;
  for (const unsigned char byte : secret::sha256(session_id)) out += fmt::format("{:02x}", byte);
  return out;
}

std::optional<Sessions::Cookie> Sessions::cookie_of(const http::Request& request) const {
  if (const auto value = request.cookie(config_.cookie)) return Cookie{*value};
  if (config_.plain_cookie.empty()) return std::nullopt;
  const auto value = request.cookie(config_.plain_cookie);
  return value ? std::optional(Cookie{*value, true}) : std::nullopt;
}

async<Viewer> Sessions::identify(const Call& call, std::optional<Cookie> cookie, SessionTouch use) {
  std::optional<std::string> id;
  if (cookie) {
    std::optional<Viewer> cached;
    if (use == SessionTouch::yes) cached = find_local(*cookie);
    if (cached) co_return std::move(*cached);
    id = unsign(cookie->value, cookie->plain ? config_.keys : cookie_keys_);
  }
  if (id) {
    if (auto found = co_await authenticate(call, *id, use)) {
      if (use == SessionTouch::yes) cache_locally(*cookie, *found);
      co_return std::move(found->viewer);
    }
  }
  Viewer guest;
  guest.permissions = co_await accounts_.guest(call);
  co_return guest;
}

async<std::optional<Sessions::Authenticated>> Sessions::authenticate(const Call& call, const std::string& id,
                                                                     SessionTouch use) {
  RedisAnswer answer = co_await ask_redis(call, id, use);
  if (!answer.record || of_admin()) co_return co_await from_postgres(call, id, std::move(answer), use);
  if (answer.record->belongs_elsewhere(name_of(config_.realm))) co_return std::nullopt;
  const auto stamp = answer.record->stamp();
  bool has_row = stamp.has_value();
  if (stamp) {
    const auto account = co_await accounts_.find(call, stamp->member);
    if (account && account->epoch == stamp->epoch &&
        answer.record->is_authentic(record_keys_, id, account->incarnation)) {
      Authenticated found{viewer_of(*account, id), account->epoch, account->incarnation};
      const bool enough = use == SessionTouch::no || now() - stamp->touched <= kTouchEvery;
      if (enough) co_return found;
      has_row = co_await extend(call, id);
      if (has_row) {
        co_await write_to_redis(call, found, std::move(answer.record));
        co_return found;
      }
    }
  }
  // Without a row it was never ours, or was used only at Express until our row expired.
  if (!has_row && config_.adopt && answer.record->user()) co_return co_await adopt(call, id, std::move(*answer.record));
  co_return co_await from_postgres(call, id, std::move(answer), use);
}

async<std::optional<Sessions::Authenticated>> Sessions::adopt(const Call& call, const std::string& id,
                                                              SessionRecord record) {
  const MemberId user = *record.user();
  pg::Batch ask = db_.batch(call);
  const auto exists = ask.add<Adoptable>(kExists, user);
  co_await ask.send();
  const auto adoptable = exists.one();
  if (!adoptable) co_return std::nullopt;
  if (!adoptable->granted) {
    spdlog::warn("[session] adopt: the database does not let the Site adopt sessions (docs/operating.md)");
    co_return std::nullopt;
  }
  const std::string hash = secret::sha256(id);
  pg::Batch batch = db_.batch(call);
  const auto handle =
      batch.add<std::optional<MemberId>>(kAdopt, pg::Bytes{hash}, user, config_.idle.count(), record.saved());
  co_await batch.send();
  if (!handle.one().value()) {
    co_await delete_from_redis(call, id);  // suspended or revoked: not a login at Express either
    co_return std::nullopt;
  }
  const auto account = co_await accounts_.find(call, user);
  if (!account) co_return std::nullopt;
  Authenticated found{viewer_of(*account, id), account->epoch, account->incarnation};
  // If the account is newer than the row, the next request checks again.
  if (co_await write_to_redis(call, found, std::move(record))) co_await extend(call, id);
  co_return found;
}

async<std::optional<Sessions::Authenticated>> Sessions::from_postgres(const Call& call, const std::string& id,
                                                                      RedisAnswer answer, SessionTouch use) {
  pg::Batch batch = db_.batch(call);
  const std::string hash = secret::sha256(id);
  const auto handle = batch.add<Row>(kFind, pg::Bytes{hash}, name_of(config_.realm));
  co_await batch.send();
  const auto row = handle.one();
  if (!row) {
    // A record without our stamp may be another program's session and must stay.
    if (answer.record && answer.record->stamp()) co_await delete_from_redis(call, id);
    co_return std::nullopt;
  }
  const bool of_other_incarnation = row->incarnation != row->current;
  if (of_other_incarnation && !answer.answered) co_return std::nullopt;  // Redis may confirm it later
  if ((of_other_incarnation && !is_confirmed(id, *row, answer)) || co_await ended_by_express(call, *row, answer)) {
    pg::Batch end = db_.batch(call);
    end.add(kDelete, pg::Bytes{hash});
    co_await end.send();
    co_return std::nullopt;
  }
  const auto account = co_await accounts_.find(call, row->user, row->epoch);
  if (!account) co_return std::nullopt;
  // The row was alive under row->epoch. If the account's epoch is newer, the next request checks again.
  Authenticated found{viewer_of(*account, id), row->epoch, row->current};
  // Writing it to Redis would prolong it like a use.
  if (use == SessionTouch::no) co_return found;
  const bool shared = co_await write_to_redis(call, found, std::move(answer.record));
  const bool due = now() - row->seen > kTouchEvery;
  if (shared || of_other_incarnation || due) co_await extend(call, id);
  co_return found;
}

/// A row of another incarnation of the database may have ended in transactions that this incarnation lacks. Redis
/// deletes what ends, so a record with the row's own incarnation and the member's current epoch has not ended.
bool Sessions::is_confirmed(const std::string& id, const Row& row, const RedisAnswer& answer) const {
  if (!answer.record) return false;
  const auto stamp = answer.record->stamp();
  return stamp && stamp->member == row.user && stamp->epoch == row.epoch &&
         answer.record->is_authentic(record_keys_, id, row.incarnation);
}

/// False when the row no longer exists.
async<bool> Sessions::extend(const Call& call, const std::string& id) {
  pg::Batch batch = db_.batch(call);
  const std::string hash = secret::sha256(id);
  const auto handle =
      batch.add(kTouch, pg::Bytes{hash}, config_.remembered.count(), config_.idle.count(), config_.adopt);
  co_await batch.send();
  co_return handle.affected() > 0;
}

async<Result<std::string>> Sessions::open(const Call& call, Claim claim, bool remember, bool secure,
                                          ClientInfo client) {
  const std::string id = new_id();
  const std::string hash = secret::sha256(id);
  const auto lifetime = remember ? config_.remembered : config_.idle;
  pg::Transaction transaction = db_.transaction(call);
  const auto made = transaction.add<bool>(
      of_admin() ? kBeginAdmin : kBeginSite, pg::Bytes{hash}, claim.user, claim.password_hash, remember,
      lifetime.count(), client.address, valid_utf8(client.agent) ? shorten(client.agent, kAgentLimit) : std::string());
  const auto done = co_await transaction.commit();
  if (!done) throw std::logic_error("a new session was refused: " + std::string(done.error().message.key));
  if (!made.one().value()) co_return co_await claim_error(call, claim);
  ++opened_;
  const auto account = co_await accounts_.find(call, claim.user);
  if (account) {
    const Authenticated found{viewer_of(*account, id), account->epoch, account->incarnation};
    if (co_await write_to_redis(call, found, std::nullopt)) co_await extend(call, id);
  }
  std::optional<std::chrono::seconds> max_age;
  if (remember) max_age = config_.remembered;
  co_return set_cookie(sign(id, cookie_keys_), max_age, secure);
}

async<Unexpected> Sessions::claim_error(const Call& call, const Claim& claim) {
  pg::Batch batch = db_.batch(call);
  const auto handle = batch.add<ClaimRow>(kClaim, claim.user, claim.password_hash);
  co_await batch.send();
  const auto row = handle.one();
  if (!row || !row->same_password) co_return fail(ErrorCode::unauthenticated, "login.wrong"_msg);
  if (row->suspended) co_return fail(ErrorCode::forbidden, "login.suspended"_msg);
  co_return fail(ErrorCode::forbidden, "login.staff_only"_msg);
}

async<std::string> Sessions::close(const Call& call, const Viewer& viewer, bool secure) {
  const std::string hash = secret::sha256(viewer.session_id);
  pg::Transaction transaction = db_.transaction(call);
  transaction.add(kDelete, pg::Bytes{hash});
  transaction.add(kChanged, viewer.id);  // so that neither a local cache nor a late Redis keeps it alive
  const auto done = co_await transaction.commit();
  if (!done) throw std::logic_error("ending a session was refused: " + std::string(done.error().message.key));
  accounts_.changed(std::to_string(viewer.id.value));
  co_await notify_servers(call, viewer.id);
  co_await delete_from_redis(call, viewer.session_id);
  if (on_session_end_) co_await on_session_end_(call, viewer.id);
  co_return set_cookie("", std::chrono::seconds(0), secure);
}

async<std::vector<Device>> Sessions::devices(const Call& call, MemberId user) {
  pg::Batch batch = db_.batch(call);
  const auto handle = batch.add<Device>(kDevices, user, kDeviceLimit);
  co_await batch.send();
  co_return handle.all();
}

async<bool> Sessions::revoke(const Call& call, MemberId user, std::string_view key) {
  pg::Transaction transaction = db_.transaction(call);
  const auto handle = transaction.add<MemberId>(kRevoke, user, key);
  const auto done = co_await transaction.commit();
  if (!done || !handle.one()) co_return false;
  co_await evict(call, user);
  co_return true;
}

async<void> Sessions::revoke_all_sessions(const Call& call, MemberId user) {
  pg::Transaction transaction = db_.transaction(call);
  add_revoke_all(transaction, user, "");
  const auto done = co_await transaction.commit();
  if (!done) throw std::logic_error("ending sessions was refused: " + std::string(done.error().message.key));
  co_await evict(call, user);
}

void Sessions::add_revoke_all(pg::Statements& transaction, MemberId user, std::string_view except) {
  const std::string hash = secret::sha256(except);
  transaction.add(kRevokeAll, user, pg::Bytes{hash});
}

async<bool> Sessions::delete_expired(const Call& call) {
  pg::Batch batch = db_.batch(call, pg::Lane::slow);
  const auto handle = batch.add(kDeleteExpired);
  co_await batch.send();
  co_return handle.affected() > 0;
}

std::string Sessions::set_cookie(std::string_view value, std::optional<std::chrono::seconds> max_age,
                                 bool secure) const {
  std::string out = fmt::format("{}={}; Path=/; HttpOnly; SameSite=Lax", config_.cookie, value);
  if (max_age) out += fmt::format("; Max-Age={}", max_age->count());
  if (secure || config_.cookie.starts_with(kHostPrefix)) out += "; Secure";
  return out;
}

}  // namespace ms::session
