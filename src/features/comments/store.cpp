#include "features/comments/store.hpp"

#include "infra/markdown/markdown.hpp"

namespace ms::comments::store {
namespace {

constexpr int kStaff = 2;  // roles.rank

constexpr pg::Query kCountThreads{"comments.count_threads",
                                  "select count(*) from comments where post_id = $1 and parent_id is null"};
// Thread by thread, each from its oldest reply on: at most $6 bytes of each thread, for the thread of the cursor $5 as
// much as the page may hold, and at most $7 bytes in total. One row beyond that limit says where the rest begins.
constexpr pg::Query kThreads{"comments.threads", R"(
  with cursor as (
    select coalesce(max(coalesce(root_id, id)), 0) as root, coalesce(max(id), 0) as id
      from comments where id = $5::bigint and post_id = $1),
  roots as (
    select t.id, k.root = t.id as begins, k.id as first
      from (select id from comments where post_id = $1 and parent_id is null order by id offset $2 limit $3) t, cursor k
     where t.id >= k.root),
  placed as (
    select r.id as root, r.begins, c.id, octet_length(c.content_html) + $8::int as size
      from roots r join comments c on c.id = r.id
    union all
    select r.id, r.begins, c.id, c.size
      from roots r cross join lateral (
        select n.id, octet_length(n.content_html) + $8::int as size from comments n
         where n.root_id = r.id and (not r.begins or n.id >= r.first)
         order by n.id limit (case when r.begins then $7::int else $6::int end) / $8::int + 2) c),
  weighed as (
    select *, begins or sum(size) over (partition by root order by id) - size < $6::int as fits from placed),
  measured as (
    select root, id, fits and sum(size) filter (where fits) over (order by root, id) - size < $7::int as shown from weighed),
  marked as (
    select root, id, shown, coalesce(min(id) filter (where not shown) over (partition by root), 0) as cut,
           coalesce(min(root) filter (where not shown and id = root) over (), 0) as left_out
      from measured)
  select c.id, c.post_id, c.parent_id, c.author_id, u.name, u.role >= $9::int, c.content, c.content_html, c.created_at,
         c.updated_at, c.deleted_at is not null, c.hidden_at is not null, 0, coalesce(k.likes, 0), l.user_id is not null,
         c.event, m.cut, m.left_out
    from marked m join comments c on c.id = m.id join users u on u.id = c.author_id
    left join comment_counters k on k.comment_id = c.id
    left join comment_likes l on l.comment_id = c.id and l.user_id = $4
   where m.shown order by m.root, c.id)"};
constexpr pg::Query kFind{"comments.find", R"(
  select c.id, c.post_id, c.parent_id, c.author_id, u.name, u.role >= $3::int, c.content, c.content_html, c.created_at,
         c.updated_at, false, false, 0, coalesce(k.likes, 0), l.user_id is not null, c.event, 0::bigint, 0::bigint
    from comments c join users u on u.id = c.author_id left join comment_counters k on k.comment_id = c.id
    left join comment_likes l on l.comment_id = c.id and l.user_id = $2 where c.id = $1 and c.visible)"};
constexpr pg::Query kTarget{"comments.target", R"(
  select c.post_id, p.board_id, c.author_id from comments c join posts p on p.id = c.post_id
   where c.id = $1 and c.visible and p.visible)"};
constexpr pg::Query kParent{"comments.parent",
                            "select id, post_id, root_id, author_id from comments where id = $1 and visible"};
constexpr pg::Query kPlace{"comments.place", R"(
  select c.post_id, p.board_id,
         (select count(*) from comments t
           where t.post_id = c.post_id and t.parent_id is null and t.id < coalesce(c.root_id, c.id))
    from comments c join posts p on p.id = c.post_id where c.id = $1 and p.visible)"};
constexpr pg::Query kInsert{"comments.insert", R"(
  insert into comments (post_id, parent_id, root_id, author_id, content, content_html, renderer)
  values ($2, $3, $4, $5, $6, $7, $8) returning ms_set_local_id($1, id), created_at)"};
constexpr pg::Query kThreadsBefore{"comments.threads_before", R"(
  select count(*) from comments
   where post_id = $1 and parent_id is null and id < (select ms_local_id($2)))"};
constexpr pg::Query kUpdate{"comments.update", R"(
  update comments set content = $2, content_html = $3, renderer = $4, updated_at = now() where id = $1)"};
constexpr pg::Query kOutdated{"comments.outdated", R"(
  select id, renderer::bigint, content, content_html from comments
   where renderer < $1::int and (renderer, id) > ($2::bigint, $3::bigint) order by renderer, id limit $4)"};
constexpr pg::Query kReplace{"comments.replace_html", R"(
  update comments set content_html = $2, renderer = $3 where id = $1 and renderer < $3 and content = $4)"};
constexpr pg::Query kRemove{
    "comments.remove", "update comments set deleted_at = now(), deleted_by = $2 where id = $1 and deleted_at is null"};
constexpr pg::Query kGuardVisible{"comments.guard_visible", R"(
  select ms_guard(exists (select from comments where id = $1 and visible for share), 404, 'comments.gone')::text)"};
constexpr pg::Query kGuardVersion{"comments.guard_version", R"(
  select ms_guard(exists (select from comments where id = $1 and event = $2 for no key update), 409, $3)::text)"};
constexpr pg::Query kSince{"comments.since", R"(
  select t.events, p.event, p.visible, p.board_id, coalesce(p.author_id, 0), t.comments,
         coalesce(c.event, 0), coalesce(c.id, 0), c.parent_id, coalesce(c.author_id, 0), coalesce(c.name, ''), coalesce(c.role >= $4::int, false),
         coalesce(c.content_html, '') as content_html, coalesce(c.created_at, p.created_at), c.updated_at,
         c.deleted_at is not null, c.hidden_at is not null, coalesce(c.likes, 0)
    from posts p join post_counters t on t.post_id = p.id left join lateral (
      select n.event, n.id, n.parent_id, n.author_id, u.name, u.role, n.content_html, n.created_at, n.updated_at, n.deleted_at,
             n.hidden_at, k.likes
        from comments n join users u on u.id = n.author_id left join comment_counters k on k.comment_id = n.id
       where n.post_id = p.id and n.event > $2 order by n.event limit $3) c on true
   where p.id = $1 order by c.event)"};
constexpr pg::Query kNumbers{"comments.numbers",
                             "select post_id, events from post_counters where post_id = any ($1::bigint[])"};

}  // namespace

pg::ResultHandle<std::int64_t> count_threads(pg::Statements& out, PostId post) {
  return out.add<std::int64_t>(kCountThreads, post);
}
pg::ResultHandle<Comment> threads(pg::Statements& out, MemberId member, PostId post, std::int64_t skip, int limit,
                                  CommentId from) {
  return out.add<Comment>(kThreads, post, skip, limit, member, from, kThreadBytes, kPageBytes, kItemBytes, kStaff);
}
pg::ResultHandle<Comment> find(pg::Statements& out, MemberId member, CommentId id) {
  return out.add<Comment>(kFind, id, member, kStaff);
}
pg::ResultHandle<Target> target(pg::Statements& out, CommentId id) { return out.add<Target>(kTarget, id); }
pg::ResultHandle<Parent> parent(pg::Statements& out, CommentId id) { return out.add<Parent>(kParent, id); }
pg::ResultHandle<PlaceRow> place(pg::Statements& out, CommentId id) { return out.add<PlaceRow>(kPlace, id); }

write::Inserted<CommentId, Inserted> insert(write::Write& out, const Draft& draft, std::optional<CommentId> root,
                                            const view::SafeHtml& html) {
  return out.insert<CommentId, Inserted>(kInsert, draft.post, draft.parent, root, out.actor(), draft.content.text(),
                                         html.html(), markdown::kRendererVersion);
}
pg::ResultHandle<std::int64_t> threads_before(pg::Statements& out, PostId post, const write::LocalId<CommentId>& root) {
  return out.add<std::int64_t>(kThreadsBefore, post, root);
}
void update(pg::Statements& out, CommentId id, std::string_view content, const view::SafeHtml& html) {
  out.add(kUpdate, id, content, html.html(), markdown::kRendererVersion);
}
void remove(pg::Statements& out, CommentId id, MemberId by) { out.add(kRemove, id, by); }
void guard_version(pg::Statements& out, CommentId id, std::int64_t version) {
  out.add(kGuardVersion, id, version, "error.edited"_msg.key);
}
void guard_visible(pg::Statements& out, CommentId id) { out.add(kGuardVisible, id); }

pg::ResultHandle<Changed> since(pg::Statements& out, PostId post, std::int64_t number, int limit) {
  return out.add<Changed>(kSince, post, number, limit, kStaff);
}
pg::ResultHandle<Number> numbers(pg::Statements& out, const std::vector<std::int64_t>& posts) {
  return out.add<Number>(kNumbers, posts);
}

}  // namespace ms::comments::store

namespace ms::comments {

posts::RenderedTable rendered_comments() { return {store::kOutdated, store::kReplace}; }

}  // namespace ms::comments
