#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "infra/cache/local_cache.hpp"
#include "infra/cache/single_flight.hpp"
#include "infra/core/time.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/pg/db.hpp"
#include "infra/session/viewer.hpp"

namespace ms::session {

/// What decides a member's rights, as read from PostgreSQL.
struct Account {
  MemberId id;
  std::string name;
  std::string email;
  Role role = Role::guest;
  Permissions permissions;
  std::int64_t epoch = 0;  ///< users.session_epoch
  bool hidden = false;     ///< users.hides_presence
  std::optional<Timestamp> suspended_until;
  std::int64_t incarnation = 0;  ///< of the database that was read: SQL function ms_incarnation()
};

/// The viewer of a request with a valid session of this member.
Viewer viewer_of(const Account& account, std::string session_id);

/// An exact local cache of members' rights: PostgreSQL notifies the channel "members" in the transaction that changes
/// them, and the cache is used only while the listening connection is proven alive (pg::Listener::live). Otherwise
/// every request asks PostgreSQL. One thread.
class Accounts {
 public:
  /// `live`: whether notifications are proven to arrive (pg::Listener::live).
  Accounts(pg::Db& db, std::function<bool()> live);

  /// nullptr when there is no such member, or the member is suspended now. Throws pg::Unavailable. A cached account of
  /// an epoch before `least` is out of date, its notification being still on its way, and is read again.
  async<std::shared_ptr<const Account>> find(const Call& call, MemberId id, std::int64_t least = 0);
  /// The same from the cache only, or nullptr.
  std::shared_ptr<const Account> peek(MemberId id);
  /// What a guest may do (role_permissions of rank 0).
  async<Permissions> guest(const Call& call);
  /// Handles a notification on "members": a member's id, or anything else when all members may have changed.
  void changed(std::string_view payload);
  const cache::LocalCacheStats& cache_stats() const noexcept { return accounts_.stats(); }

 private:
  pg::Db& db_;
  std::function<bool()> live_;
  cache::LocalCache<MemberId, std::shared_ptr<const Account>> accounts_;
  std::optional<Permissions> guest_;
  cache::SingleFlight<std::monostate, Permissions> guest_loads_;
};

}  // namespace ms::session
