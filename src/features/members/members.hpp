#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/members/email.hpp"
#include "features/members/known_devices.hpp"
#include "features/members/name.hpp"
#include "features/members/password.hpp"
#include "infra/cache/redis_cache.hpp"
#include "infra/core/address.hpp"
#include "infra/core/result.hpp"
#include "infra/core/time.hpp"
#include "infra/limit/limiter.hpp"
#include "infra/pg/db.hpp"
#include "infra/session/sessions.hpp"
#include "infra/session/viewer.hpp"
#include "infra/web/router.hpp"

namespace ms::presence {
class Presence;
}
namespace ms::write {
class Writer;
}

// Members: joining, logging in, the public profile, their own data. The acts of staff on members are in staff.hpp.
namespace ms::members {

/// The values of the join form; the passwords as they were typed.
struct Registration {
  std::string email;
  Name name;
  std::string password;
  std::string password_again;
  bool terms = false;
  bool privacy = false;
  bool news = false;
};

/// What every member may see of another (cached as `cache:user:profile:<id>`).
struct Profile {
  MemberId id;
  std::string name;
  Timestamp joined;
  std::string avatar = {};  ///< its picture is /avatars/<avatar>; empty: none
};

/// Password bounds in characters.
constexpr std::size_t kMinPasswordLength = 8;
constexpr std::size_t kMaxPasswordLength = 128;

/// What members change about themselves. A form carries the version that it shows, and overwrites only that one.
struct OwnData {
  std::string name;
  std::int64_t name_version = 0;
  bool hidden = false;  ///< serves as its own version (presence::Presence::hide)
  std::string avatar = {};
  bool avatar_waits = false;  ///< a picture is being prepared
};

/// Pure; reports all wrong fields at once. `site` is the name of the site.
Result<void> check(const Registration& registration, std::string_view site);
/// Facts about the owner and the site, none of which may be the password.
struct PasswordContext {
  std::string_view email;
  std::string_view name;
  std::string_view site;
};
Result<void> check_new_password(std::string_view password, std::string_view again, const PasswordContext& context);

/// How many wrong passwords are allowed within the window. The Site and the Admin count separately.
struct LoginLimits {
  limit::Rule account;  ///< for one account, from browsers that never logged in to it
  limit::Rule reserve;  ///< additional tries for it, from addresses with at most kFewFailures wrong passwords
  limit::Rule device;   ///< from one browser that has logged in to the account
  limit::Rule address;  ///< for any account
  limit::Rule current;  ///< of a logged-in member who changes the password
  limit::Rule joins;    ///< new accounts from one address
};

/// Up to this many wrong passwords from one address look like mistakes and not like guessing.
constexpr std::int64_t kFewFailures = 3;

/// One try to log in.
struct LoginAttempt {
  std::string email;
  std::string password;
  const ClientAddress& address;
  std::string_view devices = {};  ///< the cookie of KnownDevices; may be empty
  std::optional<session::Permission> needed = std::nullopt;
};

namespace store {
struct Credentials;
}

class Members {
 public:
  const KnownDevices& devices() const noexcept { return devices_; }

  /// `shows_names`: keys of other features' caches that contain members' names; a changed name invalidates them.
  Members(pg::Db& db, cache::RedisCache& cache, limit::Limiter& limiter, write::Writer& writer, Passwords passwords,
          LoginLimits limits, KnownDevices devices, std::vector<std::string> shows_names, std::string site_name);

  /// Creates the account. Gives nothing for a repetition, because that does not prove that the password is still right.
  /// Unexpected: invalid (fields), conflict (e-mail taken), too_many, unavailable (hash queue is full).
  async<Result<std::optional<session::Claim>>> join(const Call& call, Registration registration,
                                                    const ClientAddress& address);

  /// Checks the password and gives the claim for which a session may be opened. Unexpected: unauthenticated (does not
  /// reveal what was wrong), too_many, forbidden (suspended, or the member lacks `needed`), unavailable.
  async<Result<session::Claim>> authenticate(const Call& call, LoginAttempt attempt);

  /// The end of the suspension for which authenticate() or Sessions::open refused a member; call it for no one else.
  /// Nothing when it has ended meanwhile; kForever or later (staff.hpp) when it has no end.
  async<std::optional<Timestamp>> suspended_until(const Call& call, std::string email);

  async<std::optional<Profile>> profile(const Call& call, MemberId id);
  async<OwnData> own_data(const Call& call, const session::Viewer& viewer);
  /// Unexpected: invalid, also for a name that is reserved for staff or looks like one of theirs (name.hpp); conflict
  /// when the name changed after the form was made.
  async<Result<void>> rename(const Call& call, const session::Viewer& viewer, Name name,
                             std::optional<std::int64_t> version);
  /// Also ends all other logins of the member.
  async<Result<void>> change_password(const Call& call, const session::Viewer& viewer, std::string current,
                                      std::string next, std::string again);

 private:
  /// A counter in which a try was counted.
  struct Count {
    limit::Rule rule;
    std::string subject;
  };
  /// Counts the try and gives its counters; nullopt when a limit is reached.
  async<std::optional<std::vector<Count>>> count_try(const Call& call, const LoginAttempt& attempt,
                                                     const std::optional<std::string>& device);
  /// Undoes the counts of a try whose password could not be checked.
  async<void> take_back(const Call& call, const std::vector<Count>& counts);
  /// Unexpected when only staff may have the name.
  async<Result<void>> check_free(const Call& call, std::string name);
  /// The result of a right password.
  struct Proof {
    std::string hash;  ///< as PostgreSQL stores it
    bool current;      ///< of the normal form, at today's costs
  };
  /// Unexpected: unauthenticated, which takes the same time for an unknown account as for a wrong password; unavailable
  /// (hash queue is full).
  async<Result<Proof>> prove(const Call& call, const std::optional<store::Credentials>& member, std::string password);
  /// Replaces the hash `before`, which has another form or other costs, by a new one; gives the hash that is stored
  /// afterwards.
  async<std::string> rehash(const Call& call, MemberId id, std::string password, std::string before);

  pg::Db& db_;
  cache::RedisCache& cache_;
  limit::Limiter& limiter_;
  write::Writer& writer_;
  Passwords passwords_;
  LoginLimits limits_;
  KnownDevices devices_;
  std::vector<std::string> shows_names_;
  std::string site_name_;
};

void add_site_routes(web::Router& router, Members& members, session::Sessions& sessions, presence::Presence& presence);
void add_login_routes(web::Router& router, Members& members, session::Sessions& sessions,
                      std::optional<session::Permission> needed);
void add_api_routes(web::Router& router, Members& members, session::Sessions& sessions);

}  // namespace ms::members
