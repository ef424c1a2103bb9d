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

// Members: joining, logging in, the public profile, one's own data. Staff's acts on members are in staff.hpp.
namespace ms::members {

/// What the join form holds; the passwords as they were typed.
struct Registration {
  std::string email;
  Name name;
  std::string password;
  std::string password_again;
  bool terms = false;
  bool privacy = false;
  bool news = false;
};

/// What everybody may see of a member (cached as `cache:user:profile:<id>`).
struct Profile {
  MemberId id;
  std::string name;
  Timestamp joined;
};

/// Password bounds in characters.
constexpr std::size_t kMinPasswordLength = 8;
constexpr std::size_t kMaxPasswordLength = 128;

/// What a member changes of themselves. A form says which version it was made of, and overwrites no other one.
struct Own {
  std::string name;
  std::int64_t name_version = 0;
  bool hidden = false;  ///< its own version (presence::Presence::hide)
};

/// Pure; every wrong field is named at once. `site`: its name.
Result<void> check(const Registration& registration, std::string_view site);
/// What is known of the owner and the site, which no password may be.
struct PasswordContext {
  std::string_view email;
  std::string_view name;
  std::string_view site;
};
Result<void> check_new_password(std::string_view password, std::string_view again, const PasswordContext& context);

/// How often one may guess within the window. The Site and the Admin count for themselves.
struct LoginLimits {
  limit::Rule account;  ///< from browsers that never logged in to the account
  limit::Rule calm;     ///< of these, more in all from addresses with at most kCalmTries wrong passwords
  limit::Rule device;   ///< from one browser that did
  limit::Rule address;  ///< for any account
  limit::Rule current;  ///< of a member who is logged in and changes it
  limit::Rule joins;    ///< new accounts from one address
};

/// So many wrong passwords are a mistake of somebody who knows the right one.
constexpr std::int64_t kCalmTries = 3;

/// Who tries to log in.
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

  /// `shows_names`: keys of other features' caches that show members' names, dropped when one changes.
  Members(pg::Db& db, cache::RedisCache& cache, limit::Limiter& limiter, write::Writer& writer, Passwords passwords,
          LoginLimits limits, KnownDevices devices, std::vector<std::string> shows_names, std::string site_name);

  /// Makes the account. Nothing for a repetition, which is no proof that the password is still right.
  /// Unexpected: invalid (fields), conflict (e-mail taken), too_many, unavailable (hash queue is full).
  async<Result<std::optional<session::Claim>>> join(const Call& call, Registration registration,
                                                    const ClientAddress& address);

  /// For whom a session may be made: whose password this is. Unexpected: unauthenticated (wrong, without saying what),
  /// too_many, forbidden (suspended, or `needed` is not among the member's permissions), unavailable.
  async<Result<session::Claim>> authenticate(const Call& call, LoginAttempt attempt);

  /// Until when a member is suspended whom authenticate() or Sessions::open refused for that; nobody else is told.
  /// Nothing: it has ended meanwhile. Without end: kForever or later (staff.hpp).
  async<std::optional<Timestamp>> suspended_until(const Call& call, std::string email);

  async<std::optional<Profile>> profile(const Call& call, MemberId id);
  async<Own> own(const Call& call, const session::Viewer& viewer);
  /// Unexpected: invalid; names of staff, and what looks like one, are for staff (name.hpp); conflict, when the name
  /// has another version than the form began with.
  async<Result<void>> rename(const Call& call, const session::Viewer& viewer, Name name,
                             std::optional<std::int64_t> version);
  /// Also ends all other logins of the member.
  async<Result<void>> change_password(const Call& call, const session::Viewer& viewer, std::string current,
                                      std::string next, std::string again);

 private:
  /// One count of a try.
  struct Count {
    limit::Rule rule;
    std::string subject;
  };
  /// Counts the try, and says where; nullopt when it is one too many.
  async<std::optional<std::vector<Count>>> count_try(const Call& call, const LoginAttempt& attempt,
                                                     const std::optional<std::string>& device);
  /// The try was none: nobody could look at the password.
  async<void> take_back(const Call& call, const std::vector<Count>& counts);
  /// Unexpected when only staff may have the name.
  async<Result<void>> check_free(const Call& call, std::string name);
  /// What shows that a password is the member's.
  struct Proof {
    std::string hash;  ///< as PostgreSQL has it
    bool current;      ///< of the normal form, at today's costs
  };
  /// Unexpected: unauthenticated, after the same time for nobody's as for a wrong one; unavailable (hash queue is
  /// full).
  async<Result<Proof>> prove(const Call& call, const std::optional<store::Credentials>& member, std::string password);
  /// Keeps the hash that is made now instead of `before`, which is another form's or of other costs; gives the one that
  /// is kept.
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
