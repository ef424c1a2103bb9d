#include "features/posts/store.hpp"

#include "infra/markdown/markdown.hpp"

namespace ms::posts {
namespace {

constexpr pg::Query kFindAccess{"posts.find_access",
                                "select id, board_id, author_id, notice from posts where id = $1 and visible"};
constexpr pg::Query kGuardVisible{"posts.guard_visible", R"(
  select ms_guard(exists (select from posts where id = $1 and visible for share), 404, 'posts.gone')::text)"};

}  // namespace

pg::ResultHandle<PostAccess> find_access(pg::Statements& out, PostId post) {
  return out.add<PostAccess>(kFindAccess, post);
}
void guard_visible(pg::Statements& out, PostId post) { out.add(kGuardVisible, post); }

}  // namespace ms::posts

namespace ms::posts::store {
namespace {

// The number of lines is a constant in the SQL: PostgreSQL estimates a limit in a parameter as a tenth of the table,
// and plans for that (docs/decisions/0039-generic-plans.md).
static_assert(kPostsPerPage == 20);

// One statement for a page, because each statement costs both sides as much as some rows. The board's own row comes
// first. One row of `post_counters` holds what a line shows; each column costs PostgreSQL a fifth of a row.
constexpr pg::Query kFirstPage{"posts.first_page", R"(
  select 0, visible_posts, last_number, '', 0::bigint, '', now(), 0::bigint, 0::bigint from boards where id = $1
  union all
  (select 1, post_id, number, title, author_id, author_name, created_at, views, comments
    from post_counters where board_id = $1 and visible and notice order by post_id desc limit 10)
  union all
  (select 2 + notice::int, post_id, number, title, author_id, author_name, created_at, views, comments
    from post_counters where board_id = $1 and visible order by number desc limit 20))"};
// `rank` is how many visible posts are older than the page's first. The post is in the last block, and in the last 32
// numbers of it, that have at most `rank` visible posts before them: one look-up, a search in its array, and at most 31
// skipped lines, however many posts there are. PostgreSQL estimates the offset as a tenth of the board; `limit 51`, the
// most that a page needs, corrects that.
constexpr pg::Query kLaterPage{"posts.later_page", R"(
  with board as materialized (
    select visible_posts, last_number, visible_posts - 1 - $2 as rank from boards where id = $1)
  select 0, visible_posts, last_number, '', 0::bigint, '', now(), 0::bigint, 0::bigint from board
  union all
  (select l.* from board, lateral (
      select block << 14 as numbers, board.rank - before as rank, board.visible_posts - before as visible, places
        from post_places
       where board_id = $1 and before <= board.rank order by before desc, block desc limit 1) b, lateral (
      select width_bucket(b.rank::smallint, b.places) as place offset 0) w, lateral (
      select 2 + notice::int, post_id, number, title, author_id, author_name, created_at, views, comments
        from (select * from post_counters
               where board_id = $1 and visible and number < b.numbers + (w.place << 5)
               order by number desc limit 51) near
       order by number desc offset coalesce(b.places[w.place + 1], b.visible) - 1 - b.rank limit 20) l))"};
constexpr pg::Query kFind{"posts.find", R"(
  select p.id, p.board_id, p.number, p.title, coalesce(p.content, ''), p.content_html, p.author_id, u.name, u.role >= 2,
         p.created_at, p.updated_at, p.notice, c.views, c.comments, c.likes,
         exists (select from post_likes l where l.post_id = p.id and l.user_id = $2), c.events, p.event,
         case when p.attachments > 0 then ms_attachments(p.id) end, u.avatar
    from posts p join users u on u.id = p.author_id join post_counters c on c.post_id = p.id
   where p.id = $1 and p.visible)"};
constexpr pg::Query kVersionsWithNeighbours{"posts.versions_with_neighbours", R"(
  select c.post_id, c.events, c.views, coalesce(o.post_id, 0), coalesce(o.title, ''), coalesce(n.post_id, 0), coalesce(n.title, '')
    from post_counters c
    left join lateral (
      select post_id, title from post_counters where board_id = c.board_id and visible and number < c.number
       order by number desc limit 1) o on true
    left join lateral (
      select post_id, title from post_counters where board_id = c.board_id and visible and number > c.number
       order by number limit 1) n on true
   where c.post_id = any ($1::bigint[]))"};
constexpr pg::Query kVersions{"posts.versions",
                              "select post_id, events, views from post_counters where post_id = any ($1::bigint[])"};
constexpr pg::Query kRecent{"posts.recent", R"(
  select p.post_id, b.id, p.title, p.author_name, p.created_at, coalesce(f.id, 0), coalesce(f.alt, '')
    from boards b cross join lateral (
      select post_id, title, author_name, created_at from post_counters
       where board_id = b.id and visible order by number desc limit $2) p
    left join lateral (
      select a.id, a.alt from attachments a join files on files.id = a.file_id
       where a.post_id = p.post_id and a.deleted_at is null and renditions like '%thumb%' order by a.position limit 1) f on b.kind = 1
   where b.on_home and b.read_role <= $1 order by b.position, p.post_id desc)"};
constexpr pg::Query kInsert{"posts.insert", R"(
  with next as (update boards set last_number = last_number + 1 where id = $2 returning last_number)
  insert into posts (board_id, number, author_id, title, content, content_html, renderer, notice)
  select $2, last_number, $3, $4, $5, $6, $7, $8 from next returning ms_set_local_id($1, id))"};
// Takes the lock of the update itself, so that two editors run one after the other.
constexpr pg::Query kGuardVersion{"posts.guard_version", R"(
  select ms_guard(exists (select from posts where id = $1 and event = $2 for no key update), 409, $3)::text)"};
constexpr pg::Query kUpdate{"posts.update", R"(
  update posts set title = $2, content = $3, content_html = $4, renderer = $5, notice = $6, updated_at = now()
   where id = $1)"};
constexpr pg::Query kRemove{
    "posts.remove", "update posts set deleted_at = now(), deleted_by = $2 where id = $1 and deleted_at is null"};
constexpr pg::Query kSince{"posts.since", R"(
  select b.last_number, coalesce(p.number, 0)
    from boards b left join lateral (
      select number from post_counters
       where board_id = b.id and visible and number > $2 order by number limit $3) p on true
   where b.id = $1 order by p.number)"};
constexpr pg::Query kNumbers{"posts.numbers", "select id, last_number from boards where id = any ($1::bigint[])"};

}  // namespace

pg::ResultHandle<BoardRow> first_page(pg::Statements& out, BoardId board) {
  return out.add<BoardRow>(kFirstPage, board);
}
pg::ResultHandle<BoardRow> later_page(pg::Statements& out, BoardId board, std::int64_t skip) {
  return out.add<BoardRow>(kLaterPage, board, skip);
}
pg::ResultHandle<Post> find(pg::Statements& out, PostId id, MemberId member) {
  return out.add<Post>(kFind, id, member);
}
pg::ResultHandle<VersionWithNeighbours> versions_with_neighbours(pg::Statements& out, const std::vector<PostId>& at) {
  return out.add<VersionWithNeighbours>(kVersionsWithNeighbours, at);
}
pg::ResultHandle<Version> versions(pg::Statements& out, const std::vector<PostId>& of) {
  return out.add<Version>(kVersions, of);
}
pg::ResultHandle<Recent> recent(pg::Statements& out, int rank, int each) {
  return out.add<Recent>(kRecent, rank, each);
}

write::Inserted<PostId, PostId> insert(write::Write& out, BoardId board, const Draft& draft,
                                       const view::SafeHtml& html) {
  return out.insert<PostId>(kInsert, board, out.actor(), draft.title, draft.content, html.html(),
                            markdown::kRendererVersion, draft.notice);
}
void guard_version(pg::Statements& out, PostId id, std::int64_t version) {
  out.add(kGuardVersion, id, version, "error.edited"_msg.key);
}
void update(pg::Statements& out, PostId id, const Draft& draft, const view::SafeHtml& html) {
  out.add(kUpdate, id, draft.title, draft.content, html.html(), markdown::kRendererVersion, draft.notice);
}
void remove(pg::Statements& out, PostId id, MemberId by) { out.add(kRemove, id, by); }

pg::ResultHandle<NewPost> since(pg::Statements& out, BoardId board, std::int64_t number, int limit) {
  return out.add<NewPost>(kSince, board, number, limit);
}
pg::ResultHandle<Number> numbers(pg::Statements& out, const std::vector<std::int64_t>& boards) {
  return out.add<Number>(kNumbers, boards);
}

}  // namespace ms::posts::store
