#pragma once
#include "infra/session/sessions.hpp"

// The SQL of Sessions, and what its parts share.
namespace ms::session {

/// How exact "last used" is, and how often a session writes.
inline constexpr auto kTouchEvery = std::chrono::minutes(5);

// Whoever suspends the member or gives a new password at this moment waits for the member's row, or is waited for.
inline constexpr pg::Query kInsert{"sessions.insert", R"(
  with member as (
    update users u set seen_at = now()
     where id = $2 and password_hash = $8 and coalesce(suspended_until <= now(), true)
       and ($9::text is null or exists (select from role_permissions p where p.role = u.role and p.permission = $9))
    returning id)
  insert into sessions (id_hash, user_id, realm, remember, expires_at, address, agent)
  select $1, id, $3, $4, now() + make_interval(secs => $5), $6, $7 from member)"};
inline constexpr pg::Query kClaim{"sessions.claim", R"(
  select password_hash = $2, coalesce(suspended_until > now(), false) from users where id = $1)"};
inline constexpr pg::Query kFind{"sessions.find", R"(
  select s.user_id, u.session_epoch, s.shared, s.seen_at, s.incarnation, ms_incarnation()
    from sessions s join users u on u.id = s.user_id
   where s.id_hash = $1 and s.realm = $2 and s.expires_at > now() and coalesce(u.suspended_until <= now(), true))"};
inline constexpr pg::Query kTouch{"sessions.touch", R"(
  update sessions set seen_at = now(), incarnation = ms_incarnation(), shared = shared or $4, expires_at = now() + make_interval(secs => case when remember then $2::int else $3::int end)
   where id_hash = $1)"};
// A session that Express gives to another member without a new id moves to that member here, too.
inline constexpr pg::Query kAdopt{"sessions.adopt", R"(
  insert into sessions (id_hash, user_id, realm, shared, expires_at)
  select $1, id, $3, true, now() + make_interval(secs => $4) from users
   where id = $2 and $5 > (select began from incarnation) and coalesce(suspended_until <= now(), true) and coalesce(sessions_revoked_at < $5, true)
     for no key update
  on conflict (id_hash) do update
    set user_id = excluded.user_id, shared = true, incarnation = excluded.incarnation, seen_at = now(), expires_at = excluded.expires_at
    where sessions.realm = excluded.realm
  returning user_id)"};
inline constexpr pg::Query kExists{"sessions.exists", "select id from users where id = $1"};
inline constexpr pg::Query kDelete{"sessions.delete", "delete from sessions where id_hash = $1"};
inline constexpr pg::Query kAlive{"sessions.alive", "select encode(id_hash, 'hex') from sessions where user_id = $1"};
inline constexpr pg::Query kChanged{"sessions.changed", "select ms_member_changed($1)"};
inline constexpr pg::Query kDevices{"sessions.devices", R"(
  select encode(id_hash, 'hex'), created_at, seen_at, address, agent from sessions
   where user_id = $1 and expires_at > now() order by seen_at desc limit $2)"};
inline constexpr pg::Query kRevoke{"sessions.revoke", R"(
  with gone as (delete from sessions where user_id = $1 and encode(id_hash, 'hex') = $2 returning user_id)
  select user_id from gone, lateral ms_member_changed(user_id))"};
inline constexpr pg::Query kForgetEnded{"sessions.forget_ended", R"(
  delete from sessions where id_hash in (
    select id_hash from sessions where expires_at < now() limit 5000 for update skip locked))"};
inline constexpr pg::Query kRevokeAll{"sessions.revoke_all", "select ms_end_sessions($1, $2)"};

struct Sessions::Row {
  UserId user;
  std::int64_t epoch;
  bool shared;
  Timestamp seen;
  std::int64_t incarnation;  ///< in which it was last seen to be alive
  std::int64_t current;      ///< that of the database
};

}  // namespace ms::session
