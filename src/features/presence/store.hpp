#pragma once
#include "features/presence/presence.hpp"
#include "infra/pg/db.hpp"

// SQL of presence only: one function is one named query.
namespace ms::presence::store {

/// Those of the members who do not hide their presence, in the same order.
pg::ResultHandle<Person> people(pg::Statements& out, const std::vector<MemberId>& ids);
/// Fails the write (409) when the setting is no longer `before`.
void guard_hidden(pg::Statements& out, MemberId id, bool before);
void hide(pg::Statements& out, MemberId id, bool hidden);

}  // namespace ms::presence::store
