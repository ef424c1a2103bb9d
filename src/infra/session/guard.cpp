#include "infra/session/guard.hpp"

namespace ms::session {
namespace {

constexpr pg::Query kMember{"session.guard_member", "select ms_guard_member($1, nullif($2, ''))::text"};

}  // namespace

void guard_member(pg::Statements& transaction, MemberId member) {
  transaction.add(kMember, member, std::string_view());
}
void guard_permission(pg::Statements& transaction, MemberId member, Permission permission) {
  transaction.add(kMember, member, name_of(permission));
}

}  // namespace ms::session
