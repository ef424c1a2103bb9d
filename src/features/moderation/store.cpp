#include "features/moderation/store.hpp"

#include <array>

namespace ms::moderation::store {
namespace {

constexpr int kExcerpt = 120;  // characters of a comment in a list

// A post of the seed's schema may have no author.
constexpr pg::Query kPosts{"moderation.posts", R"(
  select p.id, b.name, p.title, coalesce(p.author_id, 0), coalesce(u.name, ''), p.created_at, c.comments,
         p.hidden_at is not null, p.deleted_at is not null
    from posts p join boards b on b.id = p.board_id join post_counters c on c.post_id = p.id
    left join users u on u.id = p.author_id
   where ($1 = '' or p.title ilike $2 or p.content ilike $2)
     and ($3 = '' or p.author_id in (select id from users where starts_with(name, $3)))
     and ($4::bigint = 0 or p.board_id = $4)
     and ($5 = '' or $5 = case when p.deleted_at is not null then 'deleted' when p.hidden_at is not null then 'hidden'
                               else 'visible' end)
     and ($6::bigint = 0 or p.id < $6)
   order by p.id desc limit $7)"};
constexpr pg::Query kComments{"moderation.comments", R"(
  select c.id, c.post_id, p.title, b.name, left(c.content, $1), c.author_id, u.name, c.created_at,
         c.hidden_at is not null, c.deleted_at is not null
    from comments c join posts p on p.id = c.post_id join boards b on b.id = p.board_id join users u on u.id = c.author_id
   where ($2 = '' or c.content ilike $3)
     and ($4 = '' or c.author_id in (select id from users where starts_with(name, $4)))
     and ($5::bigint = 0 or p.board_id = $5)
     and ($6::bigint = 0 or c.post_id = $6)
     and ($7 = '' or $7 = case when c.deleted_at is not null then 'deleted' when c.hidden_at is not null then 'hidden'
                               else 'visible' end)
     and ($8::bigint = 0 or c.id < $8)
   order by c.id desc limit $9)"};
constexpr pg::Query kPost{"moderation.post", R"(
  select p.id, b.name, p.title, coalesce(p.author_id, 0), coalesce(u.name, ''), p.created_at, c.comments,
         p.hidden_at is not null, p.deleted_at is not null
    from posts p join boards b on b.id = p.board_id join post_counters c on c.post_id = p.id
    left join users u on u.id = p.author_id
   where p.id = $1)"};
constexpr pg::Query kComment{"moderation.comment", R"(
  select c.id, c.post_id, p.title, b.name, left(c.content, $2), c.author_id, u.name, c.created_at,
         c.hidden_at is not null, c.deleted_at is not null
    from comments c join posts p on p.id = c.post_id join boards b on b.id = p.board_id join users u on u.id = c.author_id
   where c.id = $1)"};
constexpr pg::Query kPostText{"moderation.post_text", R"(
  select p.content_html, b.slug from posts p join boards b on b.id = p.board_id where p.id = $1)"};
constexpr pg::Query kCommentText{"moderation.comment_text", "select content_html from comments where id = $1"};

// The change and its lines in the audit log are one statement: the log names exactly the rows that changed. By Act.
constexpr std::array<pg::Query, 3> kPostActs = {{
    {"moderation.posts_hide", R"(
  with changed as (
    update posts set hidden_at = now(), hidden_by = $2, hidden_reason = $3
     where id = any ($1::bigint[]) and visible returning id, title),
  logged as (
    insert into audit_log (actor_id, action, subject_kind, subject_id, reason, detail)
    select $2, 'hide', 'post', id, $3, title from changed returning id)
  select count(*), ms_guard(count(*) > 0, 409, 'moderation.does_not_fit')::text from logged)"},
    {"moderation.posts_restore", R"(
  with changed as (
    update posts set hidden_at = null, hidden_by = null, hidden_reason = null, deleted_at = null
     where id = any ($1::bigint[]) and not visible returning id, title),
  logged as (
    insert into audit_log (actor_id, action, subject_kind, subject_id, reason, detail)
    select $2, 'restore', 'post', id, $3, title from changed returning id)
  select count(*), ms_guard(count(*) > 0, 409, 'moderation.does_not_fit')::text from logged)"},
    {"moderation.posts_delete", R"(
  with changed as (
    update posts set deleted_at = now() where id = any ($1::bigint[]) and deleted_at is null returning id, title),
  logged as (
    insert into audit_log (actor_id, action, subject_kind, subject_id, reason, detail)
    select $2, 'delete', 'post', id, $3, title from changed returning id)
  select count(*), ms_guard(count(*) > 0, 409, 'moderation.does_not_fit')::text from logged)"},
}};
constexpr std::array<pg::Query, 3> kCommentActs = {{
    {"moderation.comments_hide", R"(
  with changed as (
    update comments set hidden_at = now(), hidden_by = $2, hidden_reason = $3
     where id = any ($1::bigint[]) and visible returning id, left(content, $4) as excerpt),
  logged as (
    insert into audit_log (actor_id, action, subject_kind, subject_id, reason, detail)
    select $2, 'hide', 'comment', id, $3, excerpt from changed returning id)
  select count(*), ms_guard(count(*) > 0, 409, 'moderation.does_not_fit')::text from logged)"},
    {"moderation.comments_restore", R"(
  with changed as (
    update comments set hidden_at = null, hidden_by = null, hidden_reason = null, deleted_at = null
     where id = any ($1::bigint[]) and not visible returning id, left(content, $4) as excerpt),
  logged as (
    insert into audit_log (actor_id, action, subject_kind, subject_id, reason, detail)
    select $2, 'restore', 'comment', id, $3, excerpt from changed returning id)
  select count(*), ms_guard(count(*) > 0, 409, 'moderation.does_not_fit')::text from logged)"},
    {"moderation.comments_delete", R"(
  with changed as (
    update comments set deleted_at = now()
     where id = any ($1::bigint[]) and deleted_at is null returning id, left(content, $4) as excerpt),
  logged as (
    insert into audit_log (actor_id, action, subject_kind, subject_id, reason, detail)
    select $2, 'delete', 'comment', id, $3, excerpt from changed returning id)
  select count(*), ms_guard(count(*) > 0, 409, 'moderation.does_not_fit')::text from logged)"},
}};

std::string state_name(const Search& search) {
  return search.state ? std::string(name_of(*search.state)) : std::string();
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

pg::Slot<PostRow> posts(pg::Statements& out, const Search& search, int limit) {
  return out.add<PostRow>(kPosts, search.text, anywhere(search.text), search.author, search.board, state_name(search),
                          search.before, limit);
}
pg::Slot<CommentRow> comments(pg::Statements& out, const Search& search, int limit) {
  return out.add<CommentRow>(kComments, kExcerpt, search.text, anywhere(search.text), search.author, search.board,
                             search.post, state_name(search), search.before, limit);
}
pg::Slot<PostRow> post(pg::Statements& out, PostId id) { return out.add<PostRow>(kPost, id); }
pg::Slot<CommentRow> comment(pg::Statements& out, CommentId id) { return out.add<CommentRow>(kComment, id, kExcerpt); }
pg::Slot<PostText> post_text(pg::Statements& out, PostId id) { return out.add<PostText>(kPostText, id); }
pg::Slot<std::string> comment_text(pg::Statements& out, CommentId id) { return out.add<std::string>(kCommentText, id); }

pg::Slot<Acted> act(pg::Statements& out, Act act, const std::vector<PostId>& posts, UserId actor,
                    std::string_view reason) {
  return out.add<Acted>(kPostActs.at(static_cast<std::size_t>(act)), posts, actor, reason);
}
pg::Slot<Acted> act(pg::Statements& out, Act act, const std::vector<CommentId>& comments, UserId actor,
                    std::string_view reason) {
  return out.add<Acted>(kCommentActs.at(static_cast<std::size_t>(act)), comments, actor, reason, kExcerpt);
}

}  // namespace ms::moderation::store
