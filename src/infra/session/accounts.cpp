#include "infra/session/accounts.hpp"

#include <charconv>

namespace ms::session {
namespace {

struct AccountRow {
  MemberId id;
  std::string name;
  std::string email;
  int role;
  std::int64_t epoch;
  std::string permissions;
  bool hidden;
  std::optional<Timestamp> suspended_until;
  std::int64_t incarnation;
};

struct GuestRow {
  std::string permissions;
  std::int64_t incarnation;
};

constexpr pg::Query kFind{"accounts.find", R"(
  select u.id, u.name, u.email, u.role, u.session_epoch,
         (select coalesce(string_agg(permission, ','), '') from role_permissions p where p.role = u.role),
         u.hides_presence, u.suspended_until, ms_incarnation()
    from users u where u.id = $1)"};
// This query notices a new incarnation of the database at the latest: every request reads an account or this first.
constexpr pg::Query kGuest{"accounts.guest", R"(
  select coalesce(string_agg(permission, ','), ''), ms_incarnation() from role_permissions where role = 0)"};

/// Checked at each use, because a suspension may begin or end without a change.
bool suspended(const Account& account) { return account.suspended_until && *account.suspended_until > now(); }

constexpr pg::Query kClock{"accounts.clock", "select clock_timestamp()"};
/// Converts a time of PostgreSQL's clock to this server's clock, which may be wrong, so that a suspension is equally
/// long on every server.
Timestamp to_our_clock(Timestamp theirs, Timestamp their_now) {
  return theirs == Timestamp::max() ? theirs : theirs + (now() - their_now);
}

constexpr std::size_t kMaxBytes = 6 << 20;  // some 20,000 members

std::size_t heap_bytes(const MemberId&, const std::shared_ptr<const Account>& account) {
  return sizeof(Account) + account->name.size() + account->email.size();
}

/// nullptr when there is no such member; suspended members are included.
async<std::shared_ptr<const Account>> load_account(pg::Db& db, const Call& call, MemberId id) {
  pg::Batch batch = db.batch(call);
  const auto handle = batch.add<AccountRow>(kFind, id);
  const auto clock = batch.add<Timestamp>(kClock);
  co_await batch.send();
  auto row = handle.one();
  if (!row) co_return nullptr;
  if (row->suspended_until) row->suspended_until = to_our_clock(*row->suspended_until, clock.one().value());
  co_return std::make_shared<const Account>(Account{row->id, std::move(row->name), std::move(row->email),
                                                    static_cast<Role>(row->role), Permissions::parse(row->permissions),
                                                    row->epoch, row->hidden, row->suspended_until, row->incarnation});
}

async<Permissions> load_guest(pg::Db& db, const Call& call) {
  pg::Batch batch = db.batch(call);
  const auto handle = batch.add<GuestRow>(kGuest);
  co_await batch.send();
  co_return Permissions::parse(handle.one().value().permissions);
}

}  // namespace

Viewer viewer_of(const Account& account, std::string session_id) {
  return Viewer{account.id,          account.name,          account.email, account.role,
                account.permissions, std::move(session_id), account.hidden};
}

Accounts::Accounts(pg::Db& db, std::function<bool()> live)
    : db_(db),
      live_(std::move(live)),
      accounts_({.name = "accounts", .max_bytes = kMaxBytes, .heap_bytes = heap_bytes}) {}

void Accounts::changed(std::string_view payload) {
  MemberId id;
  const auto [end, error] = std::from_chars(payload.data(), payload.data() + payload.size(), id.value);
  if (error == std::errc() && end == payload.data() + payload.size()) {
    accounts_.invalidate(id);
  } else {
    accounts_.invalidate_all();  // roles changed, or notifications may have been missed
    guest_.reset();
    guest_loads_.invalidate_all();
  }
}

std::shared_ptr<const Account> Accounts::peek(MemberId id) {
  if (!live_()) return nullptr;
  const auto* cached = accounts_.find(id);
  return cached != nullptr && !suspended(**cached) ? *cached : nullptr;
}

async<std::shared_ptr<const Account>> Accounts::find(const Call& call, MemberId id, std::int64_t least) {
  auto account = peek(id);
  if (account && account->epoch >= least) co_return account;
  account = nullptr;
  if (live_()) {
    const auto load = [this, &call, id] { return load_account(db_, call, id); };
    const auto cacheable = [this](const std::shared_ptr<const Account>& loaded) { return loaded && live_(); };
    account = co_await accounts_.load(call, id, load, cacheable);
  }
  // Without notifications the result of another request's load may be old, and so is any of an epoch before `least`.
  if (!account || account->epoch < least) account = co_await load_account(db_, call, id);
  co_return account && !suspended(*account) ? account : nullptr;
}

async<Permissions> Accounts::guest(const Call& call) {
  const auto load = [this, &call] { return load_guest(db_, call); };
  if (!live_()) co_return co_await load();
  if (guest_) co_return *guest_;
  const auto keep = [this](const Permissions& loaded) { guest_ = loaded; };
  const auto permissions = co_await guest_loads_.run(call.deadline(), {}, load, keep);
  co_return permissions;
}

}  // namespace ms::session
