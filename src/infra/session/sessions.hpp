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

// A login is a row in PostgreSQL (with the id hashed) that Redis makes fast: `session:<id>` holds JSON in
// connect-redis's shape with the seed's fields (userId, email, role, permissions, lastAccess) and, signed, the member's
// epoch under which it was authenticated. When the member's epoch has changed (a session was revoked, the role changed,
// a suspension), the row decides again. So losing Redis logs nobody out, and an old record in Redis lets nobody in. At
// the Admin the row always decides, and Redis does not hold the ids, because whoever has the Site's secrets could write
// and sign what the Admin would (docs/decisions/0021-roles.md).
//
// With Config::adopt an express-session program with the same secret and Redis shares the sessions: its sessions are
// logins here once their rows are written, and a session that ends on one side ends on the other. Then a row that Redis
// surely had (sessions.shared) ends when Redis does not have it although Redis has lost nothing since.
namespace ms::session {

/// Which program's sessions: a session of the Site is not valid in the Admin, nor the other way round.
enum class Realm { site, admin };
/// "site", "admin": as in PostgreSQL and in session JSON.
std::string_view name_of(Realm realm) noexcept;

struct Config {
  Realm realm = Realm::site;
  secret::Keyring keys;                                          ///< sign cookies and session records
  std::string cookie;                                            ///< its name; "__Host-…" has keys of its own
  std::string plain_cookie = {};                                 ///< of logins before the site had TLS; empty: none
  std::chrono::seconds idle{std::chrono::hours(24)};             ///< an unused login ends after this
  std::chrono::seconds remembered{std::chrono::hours(24 * 30)};  ///< the same with 로그인 유지
  bool adopt = false;                                            ///< an Express program shares the sessions
  bool shared = false;  ///< an Express program shares this Redis, even if this realm does not adopt its sessions
  bool secure = false;  ///< the site is reached by TLS, so Express must set the cookie as secure
};

/// Address and browser of a login, for the member's list of devices.
struct ClientInfo {
  std::string address;
  std::string agent;
};

/// The member that a session is opened for. PostgreSQL checks everything again when the session is made, so that no
/// right lost since the password was checked still counts.
struct Claim {
  MemberId user;
  std::string password_hash;  ///< of the password that was checked
};

/// A row of "내 로그인 기기".
struct Device {
  std::string key;  ///< identifies the session without revealing its id (hex of the hash)
  Timestamp created;
  Timestamp seen;
  std::string address;
  std::string agent;
};

/// Whether a request prolongs its session.
enum class SessionTouch { yes, no };

class Sessions {
 public:
  Sessions(pg::Db& db, redis::Client& redis, Accounts& accounts, Config config);

  /// From now on this thread caches authenticated cookies for some seconds. `caught_up` says whether every message
  /// published on kChannel until now was received; each of them goes to Accounts::changed. Has no effect where an
  /// Express program shares the sessions, because that one publishes nothing.
  void cache_while(std::function<bool()> caught_up);
  /// The Redis channel for ids of members who have fewer rights or logins than before.
  static constexpr const char* kChannel = "members";

  /// The session cookie of a request, under either name.
  struct Cookie {
    std::string_view value;
    bool plain = false;  ///< under Config::plain_cookie
  };
  std::optional<Cookie> cookie_of(const http::Request& request) const;

  /// The handler runs when a login of a member ends, whoever ended it. The member may still be logged in elsewhere.
  void on_session_end(std::function<async<void>(const Call&, MemberId)> handler) {
    on_session_end_ = std::move(handler);
  }

  /// The viewer of a request: a guest without a session, or with a broken, foreign or ended one. Throws
  /// pg::Unavailable when neither the caches nor PostgreSQL can decide.
  async<Viewer> identify(const Call& call, std::optional<Cookie> cookie, SessionTouch use = SessionTouch::yes);

  /// Makes a session under a new id and gives the Set-Cookie value. `secure`: the request came by TLS. Unexpected:
  /// forbidden (suspended, or without the permission that the realm asks for), unauthenticated (the password
  /// changed meanwhile).
  async<Result<std::string>> open(const Call& call, Claim claim, bool remember, bool secure, ClientInfo client);
  /// Ends the viewer's own session and gives the Set-Cookie value that removes the cookie.
  async<std::string> close(const Call& call, const Viewer& viewer, bool secure);

  /// The member's logins in this realm and the other, latest used first; at most 100.
  async<std::vector<Device>> devices(const Call& call, MemberId user);
  /// Ends one login of the member; false when there is none with that key.
  async<bool> revoke(const Call& call, MemberId user, std::string_view key);
  /// Ends all logins of the member.
  async<void> revoke_all_sessions(const Call& call, MemberId user);
  /// Call after a transaction that took rights away, before the response: it deletes the member's session records, so
  /// the next request with each session asks PostgreSQL, however late the notification comes. With Config::shared it
  /// deletes those of ended sessions only, and other servers learn of a changed role from the notification.
  async<void> evict(const Call& call, MemberId user);
  /// Adds statements that end all logins of a member to a transaction that does more (suspend, new password). The
  /// session `except` (a raw id, may be empty) stays.
  static void add_revoke_all(pg::Statements& transaction, MemberId user, std::string_view except);

  /// Deletes rows of this realm's expired logins, a few thousand at a time. False when none is left.
  async<bool> delete_expired(const Call& call);

  /// Handles a notification on "sessions": the shared session with that key_of() ended, so its record is deleted for
  /// Express too.
  void ended(std::string_view key);

  static std::string key_of(std::string_view session_id);

  /// Logins since the program started.
  std::uint64_t opened() const noexcept { return opened_; }
  const cache::LocalCacheStats& cache_stats() const noexcept { return local_.stats(); }

 private:
  struct Row;
  /// Redis's record of a session; without `answered` Redis gave no answer.
  struct RedisAnswer {
    bool answered = false;
    std::optional<SessionRecord> record;
  };
  /// The viewer of a valid session, and epoch and incarnation under which it was found valid.
  struct Authenticated {
    Viewer viewer;
    std::int64_t epoch = 0;
    std::int64_t incarnation = 0;
  };
  /// The session of an authenticated cookie.
  struct LocalSession {
    std::string id;
    MemberId member;
    std::int64_t epoch = 0;
    std::int64_t incarnation = 0;
    bool plain = false;  ///< Cookie::plain
  };
  static std::size_t heap_bytes(const std::string& cookie, const LocalSession& session) {
    return cookie.size() + session.id.size();
  }
  std::optional<Viewer> find_local(const Cookie& cookie);
  void cache_locally(const Cookie& cookie, const Authenticated& found);
  async<Unexpected> claim_error(const Call& call, const Claim& claim);
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
  std::function<async<void>(const Call&, MemberId)> on_session_end_;
  cache::LocalCache<std::string, LocalSession, TextHash> local_;  ///< by cookie
};

}  // namespace ms::session
