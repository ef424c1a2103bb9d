#pragma once
#include "infra/pg/db.hpp"
#include "infra/session/viewer.hpp"

// Guards check rights inside a transaction (schema/functions/ms_guard*.sql), because the rights of the session may be
// out of date when the transaction runs. A transaction that takes a right away waits until this one has ended, so
// whatever was committed was allowed. A transaction that changes the member's own row adds its guard after the change:
// it then takes the stronger lock from the beginning, and two such transactions cannot deadlock.
namespace ms::session {

/// Fails the transaction when the member no longer exists (401) or is suspended (403).
void guard_member(pg::Statements& transaction, MemberId member);
/// The same, and when the member lacks the permission (403).
void guard_permission(pg::Statements& transaction, MemberId member, Permission permission);

}  // namespace ms::session
