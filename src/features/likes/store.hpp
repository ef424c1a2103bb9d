#pragma once
#include "features/likes/likes.hpp"
#include "infra/pg/db.hpp"

// SQL of likes only: one function is one named query. Triggers keep the counts.
namespace ms::likes::store {

pg::ResultHandle<Liked> find(pg::Statements& out, PostId id, MemberId member);
pg::ResultHandle<Liked> find(pg::Statements& out, CommentId id, MemberId member);
pg::ResultHandle<std::int64_t> of(pg::Statements& out, MemberId member, PostId post);
/// At most Likers::kMax + 1 rows.
pg::ResultHandle<Likers::One> likers(pg::Statements& out, PostId post);
/// Fails the transaction (404) when it is no longer visible.
void guard_visible(pg::Statements& out, const Liked& what);
/// Both return the number of likes afterwards. add() fails the transaction (already_liked) when the member likes it.
pg::ResultHandle<std::int64_t> add(pg::Statements& out, const Liked& what, MemberId member);
pg::ResultHandle<std::int64_t> take(pg::Statements& out, const Liked& what, MemberId member);

/// Whether add() failed the transaction.
bool already_liked(const Error& error);

}  // namespace ms::likes::store
