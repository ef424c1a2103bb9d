#include "infra/session/guard.hpp"

namespace ms::session {
namespace {

constexpr pg::Query kMember{"session.guard_member", "select ms_guard_member($1, nullif($2, ''))::text"};

}  // namespace

void guard_member(pg::Statements& unit, UserId member) { unit.add(kMember, member, std::string_view()); }
void guard_permission(pg::Statements& unit, UserId member, Permission permission) {
  unit.add(kMember, member, name_of(permission));
}

}  // namespace ms::session
