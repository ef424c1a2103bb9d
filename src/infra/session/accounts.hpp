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

/// What decides a member's rights, as PostgreSQL had it when it was read.
struct Account {
  MemberId id;
  std::string name;
  std::string email;
  Role role = Role::guest;
  Permissions permissions;
  std::int64_t epoch = 0;  ///< users.session_epoch
  bool hidden = false;     ///< users.hides_presence
  std::optional<Timestamp> suspended_until;
  std::int64_t incarnation = 0;  ///< which history of the database said so: SQL function ms_incarnation()
};

/// Who asks, with a session that was found to be this member's.
Viewer viewer_of(const Account& account, std::string session_id);

/// Members' rights in this process's memory, exact: PostgreSQL notifies the channel "members" in the transaction that
/// changes them, and memory is believed only while the listening connection is proven alive (pg::Listener::live).
/// Without it every request asks PostgreSQL. One thread.
class Accounts {
 public:
  /// `live`: whether notifications are proven to arrive (pg::Listener::live).
  Accounts(pg::Db& db, std::function<bool()> live);

  /// nullptr when there is no such member, or one who is suspended now. Throws pg::Unavailable. What memory knows of an
  /// epoch before `least` is known to be old: its notification is still on its way.
  async<std::shared_ptr<const Account>> find(const Call& call, MemberId id, std::int64_t least = 0);
  /// The same from memory, or nullptr.
  std::shared_ptr<const Account> peek(MemberId id);
  /// What a guest may do (role_permissions of rank 0).
  async<Permissions> guest(const Call& call);
  /// A notification on "members": a member's id, or anything else when all may have changed or some were missed.
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
