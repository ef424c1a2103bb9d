#pragma once
#include "features/boards/boards.hpp"
#include "infra/pg/db.hpp"
#include "infra/write/write.hpp"

// SQL of boards only: one function is one named query.
namespace ms::boards::store {

pg::ResultHandle<Board> all(pg::Statements& out);
/// By slug.
pg::ResultHandle<FormerAddress> former(pg::Statements& out);
/// Unexpected, conflict "boards.slug_former": another board had this address before, and links to it still lead
/// there.
void guard_address(pg::Statements& out, BoardId id, std::string_view slug);
/// Includes the entry of the audit log, whose subject is the new id.
write::Inserted<BoardId, BoardId> insert(write::Write& out, const Draft& draft);
void guard(write::Write& out, BoardId board, Right right, Msg gone);
void guard_exists(pg::Statements& out, BoardId id);
void update(pg::Statements& out, BoardId id, const Draft& draft);
void move(pg::Statements& out, BoardId id, int by);

}  // namespace ms::boards::store
