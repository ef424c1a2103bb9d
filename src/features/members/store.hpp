#pragma once
#include <string>
#include <string_view>

#include "features/members/members.hpp"
#include "features/members/staff.hpp"
#include "infra/pg/db.hpp"
#include "infra/write/write.hpp"

// The SQL of members: each function is one named query.
namespace ms::members::store {

struct Credentials {
  MemberId id;
  std::string password_settings;  ///< the hash up to its salt (argon2.hpp); empty for another format
  std::string permissions;
  bool suspended = false;
};

write::Inserted<MemberId, MemberId> insert(write::Write& out, const Registration& registration,
                                           std::string_view password_hash);
pg::ResultHandle<Credentials> credentials(pg::Statements& out, std::string_view email);
pg::ResultHandle<Timestamp> suspended_until(pg::Statements& out, std::string_view email);
/// The names of all staff.
pg::ResultHandle<std::string> staff_names(pg::Statements& out);
pg::ResultHandle<Profile> profile(pg::Statements& out, MemberId id);
pg::ResultHandle<OwnData> own_data(pg::Statements& out, MemberId id);
/// Guard: 409 when the name has another version by now.
void guard_name(pg::Statements& out, MemberId id, std::int64_t version);
void rename(pg::Statements& out, MemberId id, std::string_view name);
/// Whether this is the hash of the member's password.
pg::ResultHandle<bool> is_password(pg::Statements& out, MemberId id, std::string_view hash);
/// Guard: 409 when the stored hash is not `before` any more.
void set_password(pg::Statements& out, MemberId id, std::string_view before, std::string_view after);
/// Replaces a hash by another of the same password; false, without any change, when the stored one is not `before`.
pg::ResultHandle<bool> replace_hash(pg::Statements& out, MemberId id, std::string_view before, std::string_view after);

pg::ResultHandle<MemberRow> search(pg::Statements& out, const Search& search, int limit);
pg::ResultHandle<MemberRow> row(pg::Statements& out, MemberId id);
void set_role(pg::Statements& out, MemberId id, session::Role role);
/// Guard: 409 when `id` is the last admin who can log in.
void guard_last_admin(pg::Statements& out, MemberId id);
/// Guard: 409 when the member's role or suspension has changed since it was read, 403 when the actor does not stand
/// above the member. Comes after the guard of the actor's permission.
void guard_above(pg::Statements& out, MemberId actor, const MemberRow& target);
void suspend(pg::Statements& out, MemberId id, Timestamp until, std::string_view reason);
void lift(pg::Statements& out, MemberId id);

}  // namespace ms::members::store
