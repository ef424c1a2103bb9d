#pragma once
#include "features/likes/likes.hpp"
#include "infra/pg/db.hpp"

// SQL of likes only: one function is one named query. Triggers keep the counts.
namespace ms::likes::store {

pg::ResultHandle<Liked> find(pg::Statements& out, PostId id, MemberId reader);
pg::ResultHandle<Liked> find(pg::Statements& out, CommentId id, MemberId reader);
pg::ResultHandle<std::int64_t> of(pg::Statements& out, MemberId member, PostId post);
/// One more than Likers::kMax at most.
pg::ResultHandle<Likers::One> likers(pg::Statements& out, PostId post);
/// Refuses the unit (404) when it is not visible any more.
void guard_visible(pg::Statements& out, const Liked& what);
/// Both give how many like it afterwards. Refuses the unit (already_liked) when the member likes it already.
pg::ResultHandle<std::int64_t> add(pg::Statements& out, const Liked& what, MemberId member);
pg::ResultHandle<std::int64_t> take(pg::Statements& out, const Liked& what, MemberId member);

/// Whether a unit was refused because of add().
bool already_liked(const Error& refusal);

}  // namespace ms::likes::store
