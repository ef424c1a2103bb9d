#include "features/likes/likes.hpp"

#include <algorithm>

#include "features/likes/store.hpp"
#include "features/notifications/causes.hpp"
#include "features/posts/posts.hpp"
#include "infra/live/hints.hpp"
#include "infra/once/once.hpp"

namespace ms::likes {
namespace {

/// One coroutine for posts and comments: what differs is the statement and the word for what is gone.
template <class Id>
async<Result<Liked>> look(pg::Db& db, boards::Boards& boards, const Call& call, const session::Viewer& who, Id id,
                          Msg gone) {
  const auto directory = co_await boards.all(call);
  pg::Batch batch = db.batch(call);
  const auto slot = store::find(batch, id, who.id);
  co_await batch.send();
  const auto found = slot.one();
  const boards::Board* board = found ? directory->find(found->board) : nullptr;
  if (board == nullptr || !board->readable(who)) co_return refuse(Code::not_found, gone);
  co_return *found;
}

}  // namespace

async<Result<Liked>> Likes::find(const Call& call, const session::Viewer& who, PostId id) {
  return look(db_, boards_, call, who, id, "posts.gone"_msg);
}
async<Result<Liked>> Likes::find(const Call& call, const session::Viewer& who, CommentId id) {
  return look(db_, boards_, call, who, id, "comments.gone"_msg);
}
async<Result<Liked>> Likes::find_again(const Call& call, const session::Viewer& who, const Liked& found) {
  return found.comment ? find(call, who, *found.comment) : find(call, who, found.post);
}

async<std::vector<std::int64_t>> Likes::of(const Call& call, UserId who, PostId post) {
  pg::Batch batch = db_.batch(call);
  const auto slot = store::of(batch, who, post);
  co_await batch.send();
  co_return slot.all();
}

async<Likers> Likes::likers(const Call& call, PostId post) {
  pg::Batch batch = db_.batch(call);
  const auto slot = store::likers(batch, post);
  co_await batch.send();
  Likers out{slot.all()};
  if (out.all.size() > Likers::kMost) co_return Likers{{}, false};
  std::ranges::sort(out.all, {}, &Likers::One::who);
  co_return out;
}

std::vector<std::int64_t> Likers::of(UserId who) const {
  std::vector<std::int64_t> out;
  for (const One& one : std::ranges::equal_range(all, who, {}, &One::who)) out.push_back(one.what);
  return out;
}

async<Result<Liked>> Likes::set(const Call& call, const session::Viewer& who, Liked found, bool mine) {
  if (!who.signed_in()) co_return refuse(Code::unauthenticated, "error.unauthenticated"_msg);
  // A repetition that comes after the opposite was done must not undo that.
  if (found.mine == mine || once::earlier(call)) co_return found;
  const bool staff = who.may(session::Permission::admin);
  if (auto ok = co_await limiter_.allow_write(call, who.id, staff, limit::Write::like); !ok)
    co_return Refused(ok.error());
  pg::Unit unit = db_.unit(call);
  const Msg gone = found.comment ? "comments.gone"_msg : "posts.gone"_msg;
  boards::guard(unit, who.id, found.board, boards::Right::read, gone);
  store::guard_visible(unit, found);
  mine ? store::add(unit, found, who.id) : store::take(unit, found, who.id);
  const auto count = store::count(unit, found);
  once::record(unit, call, who.id);
  const CommentId comment = found.comment.value_or(CommentId());
  const auto told = mine ? notifications::liked(unit, who.id, found.author, found.post, comment)
                         : notifications::like_taken_back(unit, who.id, found.author, found.post, comment);
  const auto done = co_await unit.send();
  // The same member, at the same moment, by another tab or server.
  if (!done && store::already_liked(done.error())) co_return co_await find_again(call, who, found);
  if (!done) co_return Refused(done.error());
  hints_.tell({'p', found.post.value});
  found.likes = count.one().value_or(0);
  found.mine = mine;
  co_await notifications_.told(call, told.all());
  co_return found;
}

}  // namespace ms::likes
