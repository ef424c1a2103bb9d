#include "features/posts/live.html.hpp"
#include "features/posts/posts.hpp"
#include "features/posts/store.hpp"
#include "features/topics/topics.hpp"

namespace ms::posts {
namespace {

live::Change change_of(const boards::Board& board, std::shared_ptr<const boards::Directory> directory,
                       std::int64_t number) {
  live::Change change;
  change.number = number;
  change.variant = [&board, directory = std::move(directory)](const session::Viewer& viewer) {
    return board.readable(viewer) ? std::optional<int>(0) : std::nullopt;
  };
  change.render = [id = board.id, number](view::Out& out, int) { news(out, id, number); };
  return change;
}

}  // namespace

async<Result<void>> LiveBoard::may_follow(const Call& call, const session::Viewer& viewer, std::int64_t board) {
  const auto directory = co_await boards_.all(call);
  co_return may_read(viewer, directory->find(BoardId{board}));
}

async<live::ChangeSet> LiveBoard::since(const Call& call, std::int64_t board, std::int64_t number) {
  pg::Batch batch = db_.batch(call);
  const auto handle = store::since(batch, BoardId{board}, number, live::kMaxChanges + 1);
  co_await batch.send();
  // Read after the rows: a viewer who lost the right before they were written does not get them.
  const auto directory = co_await boards_.all(call);
  live::ChangeSet out;
  out.number = number;
  const boards::Board* of = directory->find(BoardId{board});
  if (of == nullptr) co_return out;
  for (const store::NewPost& post : handle.all()) {
    out.number = post.newest;
    if (post.number == 0) break;
    out.more = out.changes.size() == live::kMaxChanges;
    if (out.more) break;
    out.changes.push_back(change_of(*of, directory, post.number));
  }
  co_return out;
}

async<std::vector<live::Position>> LiveBoard::numbers(const Call& call, std::vector<std::int64_t> boards) {
  pg::Batch batch = db_.batch(call);
  const auto handle = store::numbers(batch, boards);
  co_await batch.send();
  std::vector<live::Position> out;
  for (const store::Number& row : handle.all()) out.push_back({{topics::kBoard, row.board}, row.newest});
  co_return out;
}

}  // namespace ms::posts
