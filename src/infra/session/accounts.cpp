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
// A new history of the database is noticed here at the latest: no request comes before an account or this was read.
constexpr pg::Query kGuest{"accounts.guest", R"(
  select coalesce(string_agg(permission, ','), ''), ms_incarnation() from role_permissions where role = 0)"};

/// Asked at each use, because a suspension may begin or end without a change.
bool suspended(const Account& account) { return account.suspended_until && *account.suspended_until > now(); }

constexpr pg::Query kClock{"accounts.clock", "select clock_timestamp()"};
/// A time of PostgreSQL's clock as one of ours, which may be wrong: a suspension is as long on every server.
Timestamp by_our_clock(Timestamp theirs, Timestamp their_now) {
  return theirs == Timestamp::max() ? theirs : theirs + (now() - their_now);
}

}  // namespace

Viewer viewer_of(const Account& account, std::string session_id) {
  return Viewer{account.id,          account.name,          account.email, account.role,
                account.permissions, std::move(session_id), account.hidden};
}

void Accounts::changed(std::string_view payload) {
  ++changes_;
  MemberId id;
  const auto [end, error] = std::from_chars(payload.data(), payload.data() + payload.size(), id.value);
  if (error == std::errc() && end == payload.data() + payload.size()) {
    known_.erase(id);
  } else {
    known_.clear();  // roles changed, or notifications may have been missed
    guest_.reset();
  }
}

std::shared_ptr<const Account> Accounts::peek(MemberId id) const {
  const auto found = known_.find(id);
  return found != known_.end() && live_() && !suspended(*found->second) ? found->second : nullptr;
}

async<std::shared_ptr<const Account>> Accounts::find(const Call& call, MemberId id, std::int64_t least) {
  if (auto known = peek(id); known && known->epoch >= least) co_return known;
  const auto before = changes_;
  pg::Batch batch = db_.batch(call);
  const auto handle = batch.add<AccountRow>(kFind, id);
  const auto clock = batch.add<Timestamp>(kClock);
  co_await batch.send();
  auto row = handle.one();
  if (!row) co_return nullptr;
  if (row->suspended_until) row->suspended_until = by_our_clock(*row->suspended_until, clock.one().value());
  auto account = std::make_shared<const Account>(
      Account{row->id, std::move(row->name), std::move(row->email), static_cast<Role>(row->role),
              Permissions::parse(row->permissions), row->epoch, row->hidden, row->suspended_until, row->incarnation});
  if (before == changes_ && live_()) {
    if (known_.size() >= kLimit) known_.erase(known_.begin());
    known_.insert_or_assign(id, account);
  }
  co_return suspended(*account) ? nullptr : account;
}

async<Permissions> Accounts::guest(const Call& call) {
  if (guest_ && live_()) co_return *guest_;
  const auto before = changes_;
  pg::Batch batch = db_.batch(call);
  const auto handle = batch.add<GuestRow>(kGuest);
  co_await batch.send();
  const Permissions permissions = Permissions::parse(handle.one().value().permissions);
  if (before == changes_) guest_ = permissions;
  co_return permissions;
}

}  // namespace ms::session
