#include "features/comments/store.hpp"

#include "infra/markdown/markdown.hpp"

namespace ms::comments::store {
namespace {

// The limit is a constant in the SQL for the sake of the plan, as in features/posts/store.cpp.
static_assert(kRowsPerRead == 100 && kThreadsPerPage == 50);

// One range of an index, whose rows have all that is shown: one row at least, so that it says how many threads there
// are.
constexpr pg::Query kThreads{"comments.threads", R"(
  select p.threads, coalesce(c.id, 0), coalesce(c.thread, 0), c.parent_id, coalesce(c.author_id, 0), coalesce(c.author_name, ''),
         coalesce(c.author_avatar, ''), coalesce(c.by_staff, false), coalesce(c.content, ''), coalesce(c.content_html, '') as content_html,
         coalesce(c.created_at, p.created_at), c.updated_at, c.deleted_at is not null, c.hidden_at is not null,
         coalesce(c.likes, 0), coalesce(c.liked, false), coalesce(c.event, 0)
    from post_counters p, lateral (select greatest(1, (p.threads + 49) / 50) as last) l,
         lateral (select (case when $2::bigint between 1 and l.last then $2 else l.last end - 1) * 50 as before) n
    left join lateral (
      select id, thread, parent_id, author_id, author_name, author_avatar, by_staff, case when $6 then content end as content, content_html,
             created_at, updated_at, deleted_at, hidden_at, likes, event,
             likes > 0 and exists (select from comment_likes l where l.comment_id = id and l.user_id = $5) as liked
        from comments
       where post_id = $1 and (thread, id) >= (greatest($3::bigint, n.before + 1), $4::bigint) and thread <= n.before + 50
       order by thread, id limit 100) c on true
   where p.post_id = $1)"};
constexpr pg::Query kFind{"comments.find", R"(
  select id, post_id, thread, parent_id, author_id, author_name, author_avatar, by_staff, content, content_html, created_at, updated_at,
         deleted_at is not null, hidden_at is not null, 0, likes,
         exists (select from comment_likes l where l.comment_id = id and l.user_id = $2), event, 0::bigint
    from comments where id = $1)"};
constexpr pg::Query kThreadOf{"comments.thread_of", R"(
  select thread, coalesce(root_id, id) from comments where id = $1 and post_id = $2)"};
constexpr pg::Query kTarget{"comments.target", R"(
  select c.post_id, p.board_id, c.author_id from comments c join posts p on p.id = c.post_id
   where c.id = $1 and c.visible and p.visible)"};
constexpr pg::Query kParent{"comments.parent",
                            "select id, post_id, root_id, author_id from comments where id = $1 and visible"};
constexpr pg::Query kPlace{"comments.place", R"(
  select c.post_id, p.board_id, c.thread from comments c join posts p on p.id = c.post_id where c.id = $1 and p.visible)"};
constexpr pg::Query kInsert{"comments.insert", R"(
  insert into comments (post_id, parent_id, root_id, author_id, content, content_html, renderer)
  values ($2, $3, $4, $5, $6, $7, $8) returning ms_set_local_id($1, id), created_at, thread)"};
constexpr pg::Query kUpdate{"comments.update", R"(
  update comments set content = $2, content_html = $3, renderer = $4, updated_at = now() where id = $1)"};
constexpr pg::Query kOutdated{"comments.outdated", R"(
  select id, post_id, renderer::bigint, content, content_html from comments
   where renderer < $1::int and (renderer, id) > ($2::bigint, $3::bigint) order by comments.renderer, id limit $4)"};
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
         coalesce(c.event, 0), coalesce(c.id, 0), c.parent_id, coalesce(c.author_id, 0), coalesce(c.author_name, ''),
         coalesce(c.author_avatar, ''), coalesce(c.by_staff, false), coalesce(c.content_html, '') as content_html, coalesce(c.created_at, p.created_at), c.updated_at,
         c.deleted_at is not null, c.hidden_at is not null, coalesce(c.likes, 0)
    from posts p join post_counters t on t.post_id = p.id left join lateral (
      select event, id, parent_id, author_id, author_name, author_avatar, by_staff, content_html, created_at, updated_at, deleted_at, hidden_at, likes
        from comments where post_id = p.id and event > $2 order by event limit $3) c on true
   where p.id = $1 order by c.event)"};
constexpr pg::Query kNumbers{"comments.numbers",
                             "select post_id, events from post_counters where post_id = any ($1::bigint[])"};

}  // namespace

pg::ResultHandle<ThreadRow> threads(pg::Statements& out, const ThreadsAsked& asked, std::int64_t thread,
                                    CommentId from) {
  return out.add<ThreadRow>(kThreads, asked.post, asked.number, thread, from, asked.member, asked.with_text);
}
pg::ResultHandle<Comment> find(pg::Statements& out, MemberId member, CommentId id) {
  return out.add<Comment>(kFind, id, member);
}
pg::ResultHandle<ThreadOf> thread_of(pg::Statements& out, CommentId id, PostId post) {
  return out.add<ThreadOf>(kThreadOf, id, post);
}
pg::ResultHandle<Target> target(pg::Statements& out, CommentId id) { return out.add<Target>(kTarget, id); }
pg::ResultHandle<Parent> parent(pg::Statements& out, CommentId id) { return out.add<Parent>(kParent, id); }
pg::ResultHandle<PlaceRow> place(pg::Statements& out, CommentId id) { return out.add<PlaceRow>(kPlace, id); }

write::Inserted<CommentId, Inserted> insert(write::Write& out, const Draft& draft, std::optional<CommentId> root,
                                            const view::SafeHtml& html) {
  return out.insert<CommentId, Inserted>(kInsert, draft.post, draft.parent, root, out.actor(), draft.content.text(),
                                         html.html(), markdown::kRendererVersion);
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
  return out.add<Changed>(kSince, post, number, limit);
}
pg::ResultHandle<Number> numbers(pg::Statements& out, const std::vector<std::int64_t>& posts) {
  return out.add<Number>(kNumbers, posts);
}

}  // namespace ms::comments::store

namespace ms::comments {

posts::RenderedTable rendered_comments() { return {store::kOutdated, store::kReplace}; }

}  // namespace ms::comments
