#include "features/posts/live.html.hpp"
#include "features/posts/posts.hpp"
#include "features/posts/store.hpp"

namespace ms::posts {
namespace {

live::Change change_of(const boards::Board& board, std::shared_ptr<const boards::Directory> directory,
                       std::int64_t number) {
  live::Change change;
  change.number = number;
  change.variant = [&board, directory = std::move(directory)](const session::Viewer& who) {
    return board.readable(who) ? std::optional<int>(0) : std::nullopt;
  };
  change.render = [id = board.id, number](view::Out& out, int) { news(out, id, number); };
  return change;
}

}  // namespace

async<Result<void>> LiveBoard::may_follow(const Call& call, const session::Viewer& who, std::int64_t board) {
  const auto directory = co_await boards_.all(call);
  co_return may_read(who, directory->find(BoardId{board}));
}

async<live::News> LiveBoard::since(const Call& call, std::int64_t board, std::int64_t number) {
  pg::Batch batch = db_.batch(call);
  const auto slot = store::since(batch, BoardId{board}, number, live::kMostChanges + 1);
  co_await batch.send();
  // After the rows: who lost the right before they were written does not get them.
  const auto directory = co_await boards_.all(call);
  live::News out;
  out.number = number;
  const boards::Board* of = directory->find(BoardId{board});
  if (of == nullptr) co_return out;
  for (const store::NewPost& post : slot.all()) {
    out.number = post.newest;
    if (post.number == 0) break;
    out.more = out.changes.size() == live::kMostChanges;
    if (out.more) break;
    out.changes.push_back(change_of(*of, directory, post.number));
  }
  co_return out;
}

async<std::vector<live::Mark>> LiveBoard::numbers(const Call& call, std::vector<std::int64_t> boards) {
  pg::Batch batch = db_.batch(call);
  const auto slot = store::numbers(batch, boards);
  co_await batch.send();
  std::vector<live::Mark> out;
  for (const store::Number& row : slot.all()) out.push_back({{'b', row.board}, row.newest});
  co_return out;
}

}  // namespace ms::posts
