#include "features/moderation/store.hpp"

#include <cstdint>

#include "infra/unicode/unicode.hpp"

namespace ms::moderation::store {
namespace {

constexpr int kExcerpt = 120;  // characters of a comment in a list

// A post of the seed's schema may have no author.
constexpr pg::Query kPosts{"moderation.posts", R"(
  select p.id, b.name, case when own then '' else p.title end, coalesce(p.author_id, 0), coalesce(u.name, ''), p.created_at,
         c.comments, p.hidden_at is not null, p.deleted_at is not null, own
    from posts p join boards b on b.id = p.board_id join post_counters c on c.post_id = p.id
    left join users u on u.id = p.author_id
    cross join lateral (select coalesce(p.deleted_at is not null and p.deleted_by = p.author_id, false)) w (own)
   where b.read_role <= $8 and ($1 = '' or not own and (p.title ilike any (string_to_array($2, chr(10)))
          or p.content ilike any (string_to_array($2, chr(10)))))
     and ($3 = '' or p.author_id in (select id from users where starts_with(lower(name), lower($3))))
     and ($4::bigint = 0 or p.board_id = $4)
     and ($5 = '' or $5 = case when own then 'withdrawn' when p.deleted_at is not null then 'deleted' when p.hidden_at is not null then 'hidden'
                               else 'visible' end)
     and p.id <= $6
   order by p.id desc limit $7)"};
constexpr pg::Query kComments{"moderation.comments", R"(
  select c.id, c.post_id, case when post_own then '' else p.title end, b.name, case when own then '' else left(c.content, $1) end,
         c.author_id, u.name, c.created_at, c.hidden_at is not null, c.deleted_at is not null, own, post_own
    from comments c join posts p on p.id = c.post_id join boards b on b.id = p.board_id join users u on u.id = c.author_id
    cross join lateral (select coalesce(c.deleted_at is not null and c.deleted_by = c.author_id, false),
                               coalesce(p.deleted_at is not null and p.deleted_by = p.author_id, false)) w (own, post_own)
   where b.read_role <= $10 and ($2 = '' or not own and c.content ilike any (string_to_array($3, chr(10))))
     and ($4 = '' or c.author_id in (select id from users where starts_with(lower(name), lower($4))))
     and ($5::bigint = 0 or p.board_id = $5)
     and ($6::bigint = 0 or c.post_id = $6)
     and ($7 = '' or $7 = case when own then 'withdrawn' when c.deleted_at is not null then 'deleted' when c.hidden_at is not null then 'hidden'
                               else 'visible' end)
     and c.id <= $8
   order by c.id desc limit $9)"};
constexpr pg::Query kPostText{"moderation.post_text", R"(
  select case when p.deleted_at is not null and p.deleted_by = p.author_id then '' else p.content_html end as content_html, b.slug from posts p join boards b on b.id = p.board_id where p.id = $1)"};
constexpr pg::Query kCommentText{"moderation.comment_text", R"(
  select case when deleted_at is not null and deleted_by = author_id then '' else content_html end as content_html from comments where id = $1)"};

// The change and its entries in the audit log are one statement: the log names exactly the changed rows. The guard runs
// for each of them, or once when there is none.
constexpr pg::Query kActOnPosts{"moderation.act_on_posts", R"(
  with changed as (
    update posts set
        hidden_at = case $5::text when 'hide' then now() when 'delete' then hidden_at end,
        hidden_by = case $5 when 'hide' then $3::bigint when 'delete' then hidden_by end,
        hidden_reason = case $5 when 'hide' then $4::text when 'delete' then hidden_reason end,
        deleted_at = case $5 when 'delete' then now() end,
        deleted_by = case $5 when 'delete' then $3 end
     where id = any ($2::bigint[])
       and board_id in (select b.id from boards b join users u on u.id = $3 and b.read_role <= u.role)
       and case $5 when 'hide' then visible when 'restore' then not visible and not coalesce(deleted_at is not null and deleted_by = author_id, false)
                   else deleted_at is null end
    returning id, board_id, title),
  logged as (
    insert into audit_log (actor_id, action, subject_kind, subject_id, reason, detail)
    select $3, $5, 'post', id, $4, title from changed)
  select c.id, c.board_id, ms_guard(c.id is not null, 409, 'moderation.does_not_fit')::text
    from (select ms_set_local_ids($1, array_agg(id)) from changed) as always left join changed c on true)"};
constexpr pg::Query kActOnComments{"moderation.act_on_comments", R"(
  with changed as (
    update comments set
        hidden_at = case $5::text when 'hide' then now() when 'delete' then hidden_at end,
        hidden_by = case $5 when 'hide' then $3::bigint when 'delete' then hidden_by end,
        hidden_reason = case $5 when 'hide' then $4::text when 'delete' then hidden_reason end,
        deleted_at = case $5 when 'delete' then now() end,
        deleted_by = case $5 when 'delete' then $3 end
     where id = any ($2::bigint[])
       and post_id in (select p.id from comments c join posts p on p.id = c.post_id join boards b on b.id = p.board_id
                         join users u on u.id = $3 and b.read_role <= u.role where c.id = any ($2::bigint[]))
       and case $5 when 'hide' then visible when 'restore' then not visible and not coalesce(deleted_at is not null and deleted_by = author_id, false)
                   else deleted_at is null end
    returning id, post_id, left(content, $6) as excerpt),
  logged as (
    insert into audit_log (actor_id, action, subject_kind, subject_id, reason, detail)
    select $3, $5, 'comment', id, $4, excerpt from changed)
  select c.post_id, 0::bigint, ms_guard(c.id is not null, 409, 'moderation.does_not_fit')::text
    from (select ms_set_local_ids($1, array_agg(id)) from changed) as always left join changed c on true)"};

std::string state_name(const Search& search) {
  return search.state ? std::string(name_of(*search.state)) : std::string();
}

/// The highest id that a search may find.
std::int64_t highest(const Search& search) { return search.before > 0 ? search.before - 1 : INT64_MAX; }

/// Patterns, one a line: of the text itself and, if different, of the text with ordinary for full-width letters.
std::string patterns(std::string_view text) {
  const std::string narrow = unicode::narrow(text);
  return narrow == text ? anywhere(text) : anywhere(text) + '\n' + anywhere(narrow);
}

pg::ResultHandle<PostRow> posts_up_to(pg::Statements& out, int rank, std::int64_t id, const Search& search, int limit) {
  return out.add<PostRow>(kPosts, search.text, patterns(search.text), search.author, search.board, state_name(search),
                          id, limit, rank);
}
pg::ResultHandle<CommentRow> comments_up_to(pg::Statements& out, int rank, std::int64_t id, const Search& search,
                                            int limit) {
  return out.add<CommentRow>(kComments, kExcerpt, search.text, patterns(search.text), search.author, search.board,
                             search.post, state_name(search), id, limit, rank);
}

}  // namespace

std::string anywhere(std::string_view text) {
  std::string pattern = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + '%';
}

pg::ResultHandle<PostRow> posts(pg::Statements& out, int rank, const Search& search, int limit) {
  return posts_up_to(out, rank, highest(search), search, limit);
}
pg::ResultHandle<CommentRow> comments(pg::Statements& out, int rank, const Search& search, int limit) {
  return comments_up_to(out, rank, highest(search), search, limit);
}
pg::ResultHandle<PostRow> newest_up_to(pg::Statements& out, int rank, PostId id) {
  return posts_up_to(out, rank, id.value, {}, 1);
}
pg::ResultHandle<CommentRow> newest_up_to(pg::Statements& out, int rank, CommentId id) {
  return comments_up_to(out, rank, id.value, {}, 1);
}
pg::ResultHandle<PostText> post_text(pg::Statements& out, PostId id) { return out.add<PostText>(kPostText, id); }
pg::ResultHandle<view::SafeHtml> comment_text(pg::Statements& out, CommentId id) {
  return out.add<view::SafeHtml>(kCommentText, id);
}

write::Changed<PostId, ActResult> act(write::Write& out, Act act, const std::vector<PostId>& posts,
                                      std::string_view reason) {
  out.audited();
  return out.change<PostId, ActResult>(kActOnPosts, posts, out.actor(), reason, name_of(act));
}
write::Changed<CommentId, ActResult> act(write::Write& out, Act act, const std::vector<CommentId>& comments,
                                         std::string_view reason) {
  out.audited();
  return out.change<CommentId, ActResult>(kActOnComments, comments, out.actor(), reason, name_of(act), kExcerpt);
}

}  // namespace ms::moderation::store
