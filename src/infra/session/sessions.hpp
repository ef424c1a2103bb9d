#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "infra/cache/local_cache.hpp"
#include "infra/core/keyring.hpp"
#include "infra/core/result.hpp"
#include "infra/core/text.hpp"
#include "infra/http/message.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/pg/db.hpp"
#include "infra/redis/client.hpp"
#include "infra/session/accounts.hpp"
#include "infra/session/session_record.hpp"
#include "infra/session/viewer.hpp"

// A login is a row in PostgreSQL (the id hashed) that Redis makes fast: `session:<id>` holds JSON in connect-redis's
// shape with the seed's fields (userId, email, role, permissions, lastAccess) and, signed, the member's epoch under
// which it was checked. When the epoch is not the member's any more (a session was revoked, the role changed, a
// suspension) the row decides again. So throwing Redis away logs nobody out, and what Redis still remembers lets nobody
// in. At the Admin the row decides always, and Redis does not know the ids: whoever has the Site's secrets could write
// and sign there what the Admin would (docs/decisions/0021-roles.md).
//
// With Config::adopt an express-session program with the same secret and Redis shares the sessions: what it made is a
// login here once its row is written, and what ended on one side is ended on the other. Then a row that Redis surely
// had (sessions.shared) ends when Redis has lost it although it remembers everything since.
namespace ms::session {

/// Which program's sessions: one of the Site is none in the Admin, and the other way round.
enum class Realm { site, admin };
/// "site", "admin": as in PostgreSQL and in session JSON.
std::string_view name_of(Realm realm) noexcept;

struct Config {
  Realm realm = Realm::site;
  secret::Keyring keys;                                          ///< sign cookies and what Redis holds
  std::string cookie;                                            ///< its name; "__Host-…" is signed by keys of its own
  std::string plain_cookie = {};                                 ///< of logins of before the site had TLS; empty: none
  std::chrono::seconds idle{std::chrono::hours(24)};             ///< a login that nobody uses ends after this
  std::chrono::seconds remembered{std::chrono::hours(24 * 30)};  ///< the same with 로그인 유지
  bool adopt = false;                                            ///< an Express program shares the sessions
  bool shared = false;  ///< an Express program shares this Redis, whether or not this realm adopts its sessions
  bool secure = false;  ///< the site is reached by TLS: what Express must set the cookie with
};

/// Where a login comes from, for the member's list of devices.
struct ClientInfo {
  std::string address;
  std::string agent;
};

/// For whom a session is asked. When it is made PostgreSQL asks for everything again: nobody gives rights away between
/// the look at the password and the session.
struct Claim {
  MemberId user;
  std::string password_hash;  ///< of the password that was found to be right
};

/// One line of "내 로그인 기기".
struct Device {
  std::string key;  ///< names the session without giving it away (hex of the hash)
  Timestamp created;
  Timestamp seen;
  std::string address;
  std::string agent;
};

/// Whether a request puts off the end of its session.
enum class SessionTouch { yes, no };

class Sessions {
 public:
  Sessions(pg::Db& db, redis::Client& redis, Accounts& accounts, Config config);

  /// From now on this thread remembers for some seconds whose session a cookie is, and asks nobody. `caught_up` says
  /// whether everything was heard that servers told on kChannel until now; each message there goes to
  /// Accounts::changed. Not where an Express program shares the sessions: it tells nobody.
  void cache_while(std::function<bool()> caught_up);
  /// Of Redis: the ids of members who have fewer rights or logins than before.
  static constexpr const char* kChannel = "members";

  /// The session cookie of a request, under whichever name it came.
  struct Cookie {
    std::string_view value;
    bool plain = false;  ///< under Config::plain_cookie
  };
  std::optional<Cookie> cookie_of(const http::Request& request) const;

  /// `ended` runs when a login of a member ended by themselves or by others; who goes on elsewhere asks again soon.
  void when_ended(std::function<async<void>(const Call&, MemberId)> ended) { when_ended_ = std::move(ended); }

  /// Whose request this is: a guest for no, a broken, a foreign or an ended session. Throws pg::Unavailable when
  /// neither Redis with memory nor PostgreSQL can tell.
  async<Viewer> identify(const Call& call, std::optional<Cookie> cookie, SessionTouch use = SessionTouch::yes);

  /// Makes a session under a new id and gives the Set-Cookie value. `secure`: the visitor came by TLS. Unexpected:
  /// forbidden (suspended, or without the permission that the realm asks for), unauthenticated (the password
  /// changed meanwhile).
  async<Result<std::string>> open(const Call& call, Claim claim, bool remember, bool secure, ClientInfo client);
  /// Ends the viewer's own session and gives the Set-Cookie value that removes the cookie.
  async<std::string> close(const Call& call, const Viewer& viewer, bool secure);

  /// The member's logins in this realm and the other, latest used first; at most 100.
  async<std::vector<Device>> devices(const Call& call, MemberId user);
  /// Ends one login of the member; false when there is none of that key.
  async<bool> revoke(const Call& call, MemberId user, std::string_view key);
  /// Ends all logins of the member.
  async<void> revoke_all_sessions(const Call& call, MemberId user);
  /// After a unit that took rights away, before it is answered: no server finds the member's sessions in Redis, so the
  /// next request of each asks PostgreSQL, however late the notification comes. With Config::shared that is so for the
  /// sessions that ended; of a changed role the other servers learn by the notification.
  async<void> evict(const Call& call, MemberId user);
  /// Statements that end all logins of a member, for a unit that does more (suspend, new password); the session `kept`
  /// (a raw id, may be empty) stays.
  static void add_revoke_all(pg::Statements& transaction, MemberId user, std::string_view kept);

  /// Removes rows of logins of this realm that ended, a few thousand at a time. False when none is left.
  async<bool> delete_expired(const Call& call);

  /// A notification on "sessions": the shared session of that key_of() ended, so Express must not know it either.
  void ended(std::string_view key);

  static std::string key_of(std::string_view session_id);

  /// Logins since the start.
  std::uint64_t opened() const noexcept { return opened_; }
  const cache::LocalCacheStats& cache_stats() const noexcept { return local_.stats(); }

 private:
  struct Row;
  /// What Redis says of a session; without `answered` it could not say.
  struct RedisAnswer {
    bool answered = false;
    std::optional<SessionRecord> record;
  };
  /// A member, and what the account was when the session was seen to be alive.
  struct Authenticated {
    Viewer viewer;
    std::int64_t epoch = 0;
    std::int64_t incarnation = 0;
  };
  /// What a cookie was found to be.
  struct LocalSession {
    std::string id;
    MemberId member;
    std::int64_t epoch = 0;
    std::int64_t incarnation = 0;
    bool plain = false;  ///< Cookie::plain
  };
  static std::size_t heap_bytes(const std::string& cookie, const LocalSession& known) {
    return cookie.size() + known.id.size();
  }
  std::optional<Viewer> find_local(const Cookie& cookie);
  void remember(const Cookie& cookie, const Authenticated& found);
  async<Unexpected> why_not(const Call& call, const Claim& claim);
  async<RedisAnswer> ask_redis(const Call& call, const std::string& id, SessionTouch use);
  async<std::optional<Authenticated>> authenticate(const Call& call, const std::string& id, SessionTouch use);
  async<std::optional<Authenticated>> adopt(const Call& call, const std::string& id, SessionRecord record);
  async<std::optional<Authenticated>> from_postgres(const Call& call, const std::string& id, RedisAnswer answer,
                                                    SessionTouch use);
  bool of_admin() const noexcept { return config_.realm == Realm::admin; }
  std::string redis_key_of(const std::string& id) const;
  bool is_confirmed(const std::string& id, const Row& row, const RedisAnswer& answer) const;
  async<bool> ended_by_express(const Call& call, const Row& row, const RedisAnswer& answer);
  async<bool> write_to_redis(const Call& call, const Authenticated& found, std::optional<SessionRecord> read);
  redis::Command write(const Authenticated& found, Timestamp at, std::optional<SessionRecord> read) const;
  async<void> delete_expired_of(const Call& call, MemberId user);
  async<bool> extend(const Call& call, const std::string& id);
  async<void> delete_from_redis(const Call& call, const std::string& id);
  async<void> notify_servers(const Call& call, MemberId member);
  std::string set_cookie(std::string_view value, std::optional<std::chrono::seconds> max_age, bool secure) const;

  pg::Db& db_;
  redis::Client& redis_;
  Accounts& accounts_;
  Config config_;
  secret::Keyring cookie_keys_;
  secret::Keyring record_keys_;
  std::uint64_t opened_ = 0;
  std::function<bool()> caught_up_;
  std::function<async<void>(const Call&, MemberId)> when_ended_;
  cache::LocalCache<std::string, LocalSession, TextHash> local_;  ///< by cookie
};

}  // namespace ms::session
