#pragma once
#include "infra/session/sessions.hpp"

// The SQL of Sessions, and what its source files share.
namespace ms::session {

/// How exact "last used" is, and how often a session is written.
inline constexpr auto kTouchEvery = std::chrono::minutes(5);

// Each program may execute its own realm's function only; the Admin's checks the permission to log in there.
inline constexpr pg::Query kBeginSite{"sessions.begin_site",
                                      "select ms_begin_site_session($1, $2, $3, $4, $5, $6, $7)"};
inline constexpr pg::Query kBeginAdmin{"sessions.begin_admin",
                                       "select ms_begin_admin_session($1, $2, $3, $4, $5, $6, $7)"};
inline constexpr pg::Query kClaim{"sessions.claim", R"(
  select ms_verify_password(id, $2), coalesce(suspended_until > now(), false) from users where id = $1)"};
inline constexpr pg::Query kFind{"sessions.find", R"(
  select s.user_id, u.session_epoch, s.shared, s.seen_at, s.incarnation, ms_incarnation()
    from sessions s join users u on u.id = s.user_id
   where s.id_hash = $1 and s.realm = $2 and s.expires_at > now() and coalesce(u.suspended_until <= now(), true))"};
inline constexpr pg::Query kTouch{"sessions.touch", R"(
  update sessions set seen_at = now(), incarnation = ms_incarnation(), shared = shared or $4, expires_at = now() + make_interval(secs => case when remember then $2::int else $3::int end)
   where id_hash = $1)"};
inline constexpr pg::Query kExists{"sessions.exists", R"(
  select id, has_function_privilege('ms_adopt_session(bytea, bigint, bigint, timestamptz)', 'execute')
    from users where id = $1)"};
inline constexpr pg::Query kAdopt{"sessions.adopt", "select ms_adopt_session($1, $2, $3, $4)"};
inline constexpr pg::Query kDelete{"sessions.delete", "delete from sessions where id_hash = $1"};
inline constexpr pg::Query kAlive{"sessions.alive", "select encode(id_hash, 'hex') from sessions where user_id = $1"};
inline constexpr pg::Query kChanged{"sessions.changed", "select ms_raise_session_epoch($1)"};
inline constexpr pg::Query kDevices{"sessions.devices", R"(
  select encode(id_hash, 'hex'), created_at, seen_at, address, agent from sessions
   where user_id = $1 and expires_at > now() order by seen_at desc limit $2)"};
inline constexpr pg::Query kRevoke{"sessions.revoke", R"(
  with gone as (delete from sessions where user_id = $1 and encode(id_hash, 'hex') = $2 returning user_id)
  select user_id from gone, lateral ms_raise_session_epoch(user_id))"};
inline constexpr pg::Query kDeleteExpired{"sessions.delete_expired", R"(
  delete from sessions where id_hash in (
    select id_hash from sessions where expires_at < now() limit 5000 for update skip locked))"};
inline constexpr pg::Query kRevokeAll{"sessions.revoke_all", "select ms_revoke_sessions($1, $2)"};

struct Sessions::Row {
  MemberId user;
  std::int64_t epoch;
  bool shared;
  Timestamp seen;
  std::int64_t incarnation;  ///< in which it was last used
  std::int64_t current;      ///< the database's now
};

}  // namespace ms::session
