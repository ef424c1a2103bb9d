#include "features/members/store.hpp"

namespace ms::members::store {
namespace {

constexpr pg::Query kInsert{"members.insert", R"(
  insert into users (email, name, password_hash, terms_agreed_at, privacy_agreed_at, news_agreed_at)
  values ($2, $3, $4, now(), now(), case when $5::boolean then now() end) returning ms_set_local_id($1, id))"};
constexpr pg::Query kCredentials{"members.credentials", R"(
  select u.id, coalesce(ms_password_parameters(u.id), ''),
         (select coalesce(string_agg(permission, ','), '') from role_permissions p where p.role = u.role),
         coalesce(u.suspended_until > now(), false)
    from users u where u.email = $1)"};
constexpr pg::Query kSuspendedUntil{"members.suspended_until",
                                    "select suspended_until from users where email = $1 and suspended_until > now()"};
constexpr pg::Query kStaffNames{"members.staff_names", "select name from users where role >= 2"};
constexpr pg::Query kIsPassword{"members.is_password", "select ms_verify_password($1, $2)"};
constexpr pg::Query kReplaceHash{"members.replace_hash", "select ms_replace_password($1, $2, $3)"};
constexpr pg::Query kProfile{"members.profile", "select id, name, created_at, avatar from users where id = $1"};
// The name has no counter of changes, so its version is a hash of the name itself.
constexpr pg::Query kOwn{"members.own",
                         R"(
  select u.name, hashtextextended(u.name, 0), u.hides_presence, u.avatar, coalesce(f.state = 0, false)
    from users u left join files f on f.id = u.avatar_file_id where u.id = $1)"};
constexpr pg::Query kGuardName{"members.guard_name", R"(
  select ms_guard(exists (select from users where id = $1 and hashtextextended(name, 0) = $2 for no key update), 409, $3)::text)"};
constexpr pg::Query kRename{"members.rename", "update users set name = $2 where id = $1"};
constexpr pg::Query kPassword{"members.password",
                              "select ms_guard(ms_replace_password($1, $2, $3), 409, 'my.password_wrong')::text"};
constexpr pg::Query kSearch{"members.search", R"(
  select u.id, u.email, u.name, u.role, u.created_at, u.seen_at,
         case when u.suspended_until > now() then u.suspended_until end, coalesce(u.suspended_reason, ''),
         (select count(*) from posts p where p.author_id = u.id), (select count(*) from comments c where c.author_id = u.id),
         hashtextextended(concat_ws(chr(10), u.role, extract(epoch from u.suspended_until), u.suspended_reason), 0)
    from users u
   where ($1 = '' or starts_with(lower(u.name), lower($1)) or strpos(u.email, lower($1)) > 0)
     and ($2::smallint is null or u.role = $2)
     and (not $3::boolean or u.suspended_until > now())
     and ($4::bigint = 0 or u.id < $4)
   order by u.id desc limit $5)"};
constexpr pg::Query kRow{"members.row", R"(
  select u.id, u.email, u.name, u.role, u.created_at, u.seen_at,
         case when u.suspended_until > now() then u.suspended_until end, coalesce(u.suspended_reason, ''),
         (select count(*) from posts p where p.author_id = u.id), (select count(*) from comments c where c.author_id = u.id),
         hashtextextended(concat_ws(chr(10), u.role, extract(epoch from u.suspended_until), u.suspended_reason), 0)
    from users u where u.id = $1)"};
constexpr pg::Query kSetRole{"members.set_role", "update users set role = $2 where id = $1"};
// Locks the admins, so that two who demote each other at the same moment cannot both succeed.
constexpr pg::Query kLastAdmin{"members.guard_last_admin", R"(
  with admins as (select id from users
                   where role = 3 and coalesce(suspended_until <= now(), true) order by id for update)
  select ms_guard(not exists (select from admins where id = $1) or (select count(*) from admins) > 1,
                  409, 'members.last_admin')::text)"};
// "above" is the rule of Staff::above. The row is locked before the guards read it.
constexpr pg::Query kAbove{"members.guard_above", R"(
  with pair as materialized (
    select hashtextextended(concat_ws(chr(10), t.role, extract(epoch from t.suspended_until), t.suspended_reason), 0) = $3 as same, a.id <> t.id and (a.role = 3 or t.role < a.role) as above
      from users a, users t where a.id = $1 and t.id = $2 for no key update of t)
  select ms_guard(same, 409, $4)::text, ms_guard(above, 403, $5)::text from pair)"};
constexpr pg::Query kSuspend{"members.suspend",
                             "update users set suspended_until = $2, suspended_reason = $3 where id = $1"};
constexpr pg::Query kLift{"members.lift",
                          "update users set suspended_until = null, suspended_reason = null where id = $1"};

}  // namespace

write::Inserted<MemberId, MemberId> insert(write::Write& out, const Registration& registration,
                                           std::string_view password_hash) {
  return out.insert<MemberId>(kInsert, registration.email, registration.name.text(), password_hash, registration.news);
}
pg::ResultHandle<Credentials> credentials(pg::Statements& out, std::string_view email) {
  return out.add<Credentials>(kCredentials, email);
}
pg::ResultHandle<Timestamp> suspended_until(pg::Statements& out, std::string_view email) {
  return out.add<Timestamp>(kSuspendedUntil, email);
}
pg::ResultHandle<std::string> staff_names(pg::Statements& out) { return out.add<std::string>(kStaffNames); }
pg::ResultHandle<bool> is_password(pg::Statements& out, MemberId id, std::string_view hash) {
  return out.add<bool>(kIsPassword, id, hash);
}
pg::ResultHandle<bool> replace_hash(pg::Statements& out, MemberId id, std::string_view before, std::string_view after) {
  return out.add<bool>(kReplaceHash, id, before, after);
}
pg::ResultHandle<Profile> profile(pg::Statements& out, MemberId id) { return out.add<Profile>(kProfile, id); }

pg::ResultHandle<OwnData> own_data(pg::Statements& out, MemberId id) { return out.add<OwnData>(kOwn, id); }
void guard_name(pg::Statements& out, MemberId id, std::int64_t version) {
  out.add(kGuardName, id, version, "error.edited"_msg.key);
}
void rename(pg::Statements& out, MemberId id, std::string_view name) { out.add(kRename, id, name); }
void set_password(pg::Statements& out, MemberId id, std::string_view before, std::string_view after) {
  out.add(kPassword, id, before, after);
}

pg::ResultHandle<MemberRow> search(pg::Statements& out, const Search& search, int limit) {
  std::optional<int> role;
  if (search.role) role = static_cast<int>(*search.role);
  return out.add<MemberRow>(kSearch, search.text, role, search.only_suspended, search.before, limit);
}
pg::ResultHandle<MemberRow> row(pg::Statements& out, MemberId id) { return out.add<MemberRow>(kRow, id); }

void set_role(pg::Statements& out, MemberId id, session::Role role) { out.add(kSetRole, id, static_cast<int>(role)); }
void guard_last_admin(pg::Statements& out, MemberId id) { out.add(kLastAdmin, id); }
void guard_above(pg::Statements& out, MemberId actor, const MemberRow& target) {
  out.add(kAbove, actor, target.id, target.version, "staff.changed"_msg.key, "staff.not_above"_msg.key);
}
void suspend(pg::Statements& out, MemberId id, Timestamp until, std::string_view reason) {
  out.add(kSuspend, id, until, reason);
}
void lift(pg::Statements& out, MemberId id) { out.add(kLift, id); }

}  // namespace ms::members::store
