#pragma once
#include "infra/pg/db.hpp"
#include "infra/session/viewer.hpp"

// Rights asked inside of a unit (schema/functions/ms_guard*.sql): what the session said may be over when the unit is
// carried out. Whoever takes a right away waits until the unit has ended, so a unit that stands was allowed. A unit
// that changes the member's own row asks after the change: its lock is then the stronger one from the beginning, and
// two such units cannot deadlock.
namespace ms::session {

/// Refuses the unit when there is no such member any more (401) or they are suspended (403).
void guard_member(pg::Statements& transaction, MemberId member);
/// The same, and when they lack the permission (403).
void guard_permission(pg::Statements& transaction, MemberId member, Permission permission);

}  // namespace ms::session
