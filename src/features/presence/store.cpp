#include "features/presence/store.hpp"

namespace ms::presence::store {
namespace {

constexpr pg::Query kPeople{"presence.people", R"(
  select u.id, u.name from unnest($1::bigint[]) with ordinality as here (id, place) join users u on u.id = here.id
   where not u.hides_presence order by here.place)"};
constexpr pg::Query kGuardHidden{"presence.guard_hidden", R"(
  select ms_guard(exists (select from users where id = $1 and hides_presence = $2 for no key update), 409, $3)::text)"};
constexpr pg::Query kHide{"presence.hide", "update users set hides_presence = $2 where id = $1"};

}  // namespace

pg::ResultHandle<Person> people(pg::Statements& out, const std::vector<MemberId>& ids) {
  return out.add<Person>(kPeople, ids);
}
void guard_hidden(pg::Statements& out, MemberId id, bool before) {
  out.add(kGuardHidden, id, before, "error.edited"_msg.key);
}
void hide(pg::Statements& out, MemberId id, bool hidden) { out.add(kHide, id, hidden); }

}  // namespace ms::presence::store
