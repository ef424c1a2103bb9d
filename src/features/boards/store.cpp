#include "features/boards/store.hpp"

#include <array>

namespace ms::boards::store {
namespace {

constexpr pg::Query kAll{"boards.all", R"(
  select id, slug, name, description, position, read_role, write_role, comment_role, on_home, version, kind
    from boards order by position, id)"};
// In byte order, as Directory searches.
constexpr pg::Query kFormer{"boards.former", R"(
  select slug, board_id from board_addresses order by slug collate "C")"};
constexpr pg::Query kGuardAddress{"boards.guard_address", R"(
  select ms_guard(not exists (select from board_addresses where slug = $2 and board_id <> $1), 409, 'boards.slug_former')::text)"};
constexpr pg::Query kInsert{"boards.insert", R"(
  with made as (
    insert into boards (slug, name, description, read_role, write_role, comment_role, on_home, kind, position)
    select $2, $3, $4, $5, $6, $7, $8, $10::int, coalesce(max(position), 0) + 1 from boards returning ms_set_local_id($1, id) as id, name),
  logged as (
    insert into audit_log (actor_id, action, subject_kind, subject_id, detail)
    select $9, 'board_create', 'board', id, name from made)
  select id from made)"};
constexpr pg::Query kGuard{"boards.guard", "select ms_guard_board($1, $2, $3, $4, $5)::text"};
constexpr std::array<std::string_view, 3> kRights = {"read", "write", "comment"};
// For actors who may read, so that the first one is never used.
constexpr std::array<Msg, 3> kRefusals = {"error.forbidden"_msg, "boards.not_writable"_msg, "comments.not_allowed"_msg};
constexpr pg::Query kExists{"boards.guard_exists", R"(
  select ms_guard(exists (select from boards where id = $1), 404, 'boards.gone')::text)"};
constexpr pg::Query kGuardVersion{"boards.guard_version", R"(
  select ms_guard(exists (select from boards where id = $1 and version = $2 for no key update), 409, $3)::text)"};
constexpr pg::Query kUpdate{"boards.update", R"(
  update boards set slug = $2, name = $3, description = $4, read_role = $5, write_role = $6, comment_role = $7, on_home = $8, kind = $9::int,
    version = version + 1
   where id = $1)"};
// Renumbers all boards, with the moved one placed one and a half positions away from its old place.
constexpr pg::Query kMove{"boards.move", R"(
  with placed as (select id, row_number() over (order by position, id) as place from boards),
  wanted as (select id, row_number() over (order by place + case when id = $1 then $2::int * 1.5 else 0 end) as place
               from placed)
  update boards b set position = w.place from wanted w where w.id = b.id and b.position <> w.place)"};

}  // namespace

pg::ResultHandle<Board> all(pg::Statements& out) { return out.add<Board>(kAll); }

pg::ResultHandle<FormerAddress> former(pg::Statements& out) { return out.add<FormerAddress>(kFormer); }
void guard_address(pg::Statements& out, BoardId id, std::string_view slug) { out.add(kGuardAddress, id, slug); }

write::Inserted<BoardId, BoardId> insert(write::Write& out, const Draft& draft) {
  out.audited();
  return out.insert<BoardId>(kInsert, draft.slug, draft.name, draft.description, draft.read_role, draft.write_role,
                             draft.comment_role, draft.on_home, out.actor(), static_cast<int>(draft.kind.value()));
}
void guard(write::Write& out, BoardId board, Right right, Msg gone) {
  const auto at = static_cast<std::size_t>(right);
  out.guard(kGuard, out.actor(), board, kRights.at(at), gone.key, kRefusals.at(at).key);
}
void guard_exists(pg::Statements& out, BoardId id) { out.add(kExists, id); }

void update(pg::Statements& out, BoardId id, const Draft& draft) {
  if (draft.version) out.add(kGuardVersion, id, *draft.version, "error.edited"_msg.key);
  out.add(kUpdate, id, draft.slug, draft.name, draft.description, draft.read_role, draft.write_role, draft.comment_role,
          draft.on_home, static_cast<int>(draft.kind.value()));
}
void move(pg::Statements& out, BoardId id, int by) { out.add(kMove, id, by); }

}  // namespace ms::boards::store
