#pragma once
#include <string>
#include <string_view>

#include "features/members/members.hpp"
#include "features/members/staff.hpp"
#include "infra/pg/db.hpp"
#include "infra/write/write.hpp"

// SQL of members only: one function is one named query.
namespace ms::members::store {

struct Credentials {
  MemberId id;
  std::string password_settings;  ///< of the hash up to its salt (argon2.hpp); empty: of none that is ours
  std::string permissions;
  bool suspended = false;
};

write::Inserted<MemberId, MemberId> insert(write::Write& out, const Registration& registration,
                                           std::string_view password_hash);
pg::ResultHandle<Credentials> credentials(pg::Statements& out, std::string_view email);
pg::ResultHandle<Timestamp> suspended_until(pg::Statements& out, std::string_view email);
/// Of all who act for the site.
pg::ResultHandle<std::string> staff_names(pg::Statements& out);
pg::ResultHandle<Profile> profile(pg::Statements& out, MemberId id);
pg::ResultHandle<Own> own(pg::Statements& out, MemberId id);
/// Refuses the unit (409) when the name is not of this version any more.
void guard_name(pg::Statements& out, MemberId id, std::int64_t version);
void rename(pg::Statements& out, MemberId id, std::string_view name);
/// Whether this is the hash of the member's password.
pg::ResultHandle<bool> is_password(pg::Statements& out, MemberId id, std::string_view hash);
/// Refuses the unit (409) when the password is not the one of the hash `before` any more.
void set_password(pg::Statements& out, MemberId id, std::string_view before, std::string_view after);
/// The same for another hash of the same password: false, and nothing is changed.
pg::ResultHandle<bool> replace_hash(pg::Statements& out, MemberId id, std::string_view before, std::string_view after);

pg::ResultHandle<MemberRow> search(pg::Statements& out, const Search& search, int limit);
pg::ResultHandle<MemberRow> row(pg::Statements& out, MemberId id);
void set_role(pg::Statements& out, MemberId id, session::Role role);
/// Refuses the unit (409) when `id` is the last admin who can still log in.
void guard_last_admin(pg::Statements& out, MemberId id);
/// Refuses the unit when the member's role or suspension is not what was read (409), or the actor does not stand above
/// it (403). Comes after the guard of the actor's permission.
void guard_above(pg::Statements& out, MemberId actor, const MemberRow& target);
void suspend(pg::Statements& out, MemberId id, Timestamp until, std::string_view reason);
void lift(pg::Statements& out, MemberId id);

}  // namespace ms::members::store
