#include "features/likes/store.hpp"

#include "features/posts/posts.hpp"

namespace ms::likes::store {
namespace {

constexpr pg::Query kFindPost{"likes.find_post", R"(
  select p.id, null::bigint, p.board_id, p.author_id, c.likes,
         exists (select from post_likes l where l.post_id = p.id and l.user_id = $2)
    from posts p join post_counters c on c.post_id = p.id where p.id = $1 and p.visible)"};
constexpr pg::Query kFindComment{"likes.find_comment", R"(
  select p.id, c.id, p.board_id, c.author_id, c.likes,
         exists (select from comment_likes l where l.comment_id = c.id and l.user_id = $2)
    from comments c join posts p on p.id = c.post_id where c.id = $1 and c.visible and p.visible)"};
constexpr pg::Query kOf{"likes.of", R"(
  select 0::bigint from post_likes where post_id = $1 and user_id = $2
  union all
  select l.comment_id from comments c join comment_likes l on l.comment_id = c.id
   where c.post_id = $1 and c.likes > 0 and l.user_id = $2)"};
// The limit is a constant in the SQL for the sake of the plan, as in features/posts/store.cpp.
static_assert(Likers::kMax == 2000);
constexpr pg::Query kLikers{"likes.likers", R"(
  select user_id, 0::bigint from post_likes where post_id = $1
  union all
  select l.user_id, l.comment_id from comments c join comment_likes l on l.comment_id = c.id
   where c.post_id = $1 and c.likes > 0
  limit 2001)"};
// Takes the lock under which the comment counts the like, so that two who like it run one after the other.
constexpr pg::Query kGuardComment{"likes.guard_comment", R"(
  select ms_guard(exists (select from comments c join posts p on p.id = c.post_id where c.id = $1 and c.visible and p.visible
                             for no key update of c for share of p), 404, 'comments.gone')::text)"};
constexpr pg::Query kAddPost{"likes.add_post", "insert into post_likes (post_id, user_id) values ($1, $2)"};
constexpr pg::Query kAddComment{"likes.add_comment", "insert into comment_likes (comment_id, user_id) values ($1, $2)"};
constexpr pg::Query kTakePost{"likes.take_post", "delete from post_likes where post_id = $1 and user_id = $2"};
constexpr pg::Query kTakeComment{"likes.take_comment",
                                 "delete from comment_likes where comment_id = $1 and user_id = $2"};
constexpr pg::Query kCountPost{"likes.count_post", "select likes from post_counters where post_id = $1"};
constexpr pg::Query kCountComment{"likes.count_comment", "select likes from comments where id = $1"};

pg::ResultHandle<std::int64_t> count(pg::Statements& out, const Liked& what) {
  return what.comment ? out.add<std::int64_t>(kCountComment, *what.comment)
                      : out.add<std::int64_t>(kCountPost, what.post);
}

}  // namespace

pg::ResultHandle<Liked> find(pg::Statements& out, PostId id, MemberId member) {
  return out.add<Liked>(kFindPost, id, member);
}
pg::ResultHandle<Liked> find(pg::Statements& out, CommentId id, MemberId member) {
  return out.add<Liked>(kFindComment, id, member);
}

pg::ResultHandle<std::int64_t> of(pg::Statements& out, MemberId member, PostId post) {
  return out.add<std::int64_t>(kOf, post, member);
}

pg::ResultHandle<Likers::One> likers(pg::Statements& out, PostId post) { return out.add<Likers::One>(kLikers, post); }

void guard_visible(pg::Statements& out, const Liked& what) {
  what.comment ? void(out.add(kGuardComment, *what.comment)) : posts::guard_visible(out, what.post);
}
pg::ResultHandle<std::int64_t> add(pg::Statements& out, const Liked& what, MemberId member) {
  what.comment ? out.add(kAddComment, *what.comment, member) : out.add(kAddPost, what.post, member);
  return count(out, what);
}
pg::ResultHandle<std::int64_t> take(pg::Statements& out, const Liked& what, MemberId member) {
  what.comment ? out.add(kTakeComment, *what.comment, member) : out.add(kTakePost, what.post, member);
  return count(out, what);
}

bool already_liked(const Error& error) {
  return error.message.key == "db.post_likes_pkey" || error.message.key == "db.comment_likes_pkey";
}

}  // namespace ms::likes::store
