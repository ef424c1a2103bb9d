#pragma once
#include "features/boards/boards.hpp"
#include "infra/pg/db.hpp"

// SQL of boards only: one function is one named query. What changes a board notifies every server in the same unit.
namespace ms::boards::store {

pg::ResultHandle<Board> all(pg::Statements& out);
/// By slug.
pg::ResultHandle<FormerAddress> former(pg::Statements& out);
/// Unexpected, conflict "boards.slug_former": another board had this address before, and links to it go on leading
/// there.
void guard_address(pg::Statements& out, BoardId id, std::string_view slug);
/// With its line in the audit log, whose subject is the new id.
pg::ResultHandle<BoardId> insert(pg::Statements& out, const Draft& draft, MemberId creator);
void guard(pg::Statements& out, MemberId member, BoardId board, Right right, Msg gone);
void guard_exists(pg::Statements& out, BoardId id);
void update(pg::Statements& out, BoardId id, const Draft& draft);
void move(pg::Statements& out, BoardId id, int by);

}  // namespace ms::boards::store
