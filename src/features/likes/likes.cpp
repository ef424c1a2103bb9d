#include "features/likes/likes.hpp"

#include <algorithm>

#include "features/likes/store.hpp"
#include "features/notifications/notify.hpp"
#include "features/posts/posts.hpp"
#include "features/topics/topics.hpp"
#include "infra/session/refusals.hpp"
#include "infra/write/write.hpp"

namespace ms::likes {
namespace {

/// One coroutine for posts and comments: they differ in the statement and in the message for a missing one.
template <class Id>
async<Result<Liked>> find_liked(pg::Db& db, boards::Boards& boards, const Call& call, const session::Viewer& viewer,
                                Id id, Msg gone) {
  const auto directory = co_await boards.all(call);
  pg::Batch batch = db.batch(call);
  const auto handle = store::find(batch, id, viewer.id);
  co_await batch.send();
  const auto found = handle.one();
  const boards::Board* board = found ? directory->find(found->board) : nullptr;
  if (board == nullptr || !board->readable(viewer)) co_return fail(ErrorCode::not_found, gone);
  co_return *found;
}

}  // namespace

async<Result<Liked>> Likes::find(const Call& call, const session::Viewer& viewer, PostId id) {
  return find_liked(db_, boards_, call, viewer, id, "posts.gone"_msg);
}
async<Result<Liked>> Likes::find(const Call& call, const session::Viewer& viewer, CommentId id) {
  return find_liked(db_, boards_, call, viewer, id, "comments.gone"_msg);
}
async<Result<Liked>> Likes::find_again(const Call& call, const session::Viewer& viewer, const Liked& found) {
  return found.comment ? find(call, viewer, *found.comment) : find(call, viewer, found.post);
}

async<std::vector<std::int64_t>> Likes::of(const Call& call, MemberId member, PostId post) {
  pg::Batch batch = db_.batch(call);
  const auto handle = store::of(batch, member, post);
  co_await batch.send();
  co_return handle.all();
}

async<Likers> Likes::likers(const Call& call, PostId post) {
  pg::Batch batch = db_.batch(call);
  const auto handle = store::likers(batch, post);
  co_await batch.send();
  Likers out{handle.all()};
  if (out.all.size() > Likers::kMax) co_return Likers{{}, false};
  std::ranges::sort(out.all, {}, &Likers::One::member);
  co_return out;
}

std::vector<std::int64_t> Likers::of(MemberId member) const {
  std::vector<std::int64_t> out;
  for (const One& like : std::ranges::equal_range(all, member, {}, &One::member)) out.push_back(like.what);
  return out;
}

async<Result<Liked>> Likes::set(const Call& call, const session::Viewer& viewer, Liked found, bool liked) {
  write::Write write = writer_.begin(call, viewer);
  if (!viewer.signed_in()) co_return session::login_first();
  // A repetition that arrives after the opposite act must not undo it.
  if (found.liked == liked || write.replayed()) co_return found;
  const bool staff = viewer.may(session::Permission::admin);
  if (auto ok = co_await limiter_.allow_write(call, viewer.id, staff, limit::Write::like); !ok)
    co_return Unexpected(ok.error());
  boards::guard(write, found.board, boards::Right::read, found.comment ? "comments.gone"_msg : "posts.gone"_msg);
  store::guard_visible(write, found);
  const auto count = liked ? store::add(write, found, viewer.id) : store::take(write, found, viewer.id);
  const CommentId comment = found.comment.value_or(CommentId());
  liked ? notifications::liked(write, found.author, found.post, comment)
        : notifications::like_taken_back(write, found.author, found.post, comment);
  const auto done = co_await write.commit(
      {.result = write::ResultId::none(), .changes = write::Changes::of_topics({topics::post(found.post)})});
  // The same member liked it at the same moment, in another tab or on another server.
  if (!done && store::already_liked(done.error())) co_return co_await find_again(call, viewer, found);
  if (!done) co_return Unexpected(done.error());
  found.likes = count.one().value_or(0);
  found.liked = liked;
  co_return found;
}

}  // namespace ms::likes
