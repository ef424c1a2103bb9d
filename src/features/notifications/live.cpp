#include "features/notifications/live.html.hpp"
#include "features/notifications/notifications.hpp"
#include "features/topics/topics.hpp"
#include "infra/session/refusals.hpp"

namespace ms::notifications {
namespace {

/// The counts with the notifications after a number, ascending; without any there is one row with number 0.
constexpr pg::Query kSince{"notifications.since", R"(
  select c.number, c.unread, coalesce(n.number, 0), coalesce(n.kind, 0), coalesce(n.actor_name, ''),
         coalesce(n.post_visible, false), coalesce(n.board_id, 0), coalesce(n.comment_id, 0),
         coalesce(n.comment_visible, false)
    from notification_counts c left join lateral (
      select number, kind, actor_name, post_visible, board_id, comment_id, comment_visible from notification_details l
       where l.user_id = c.user_id and l.number > $2 order by l.number limit $3) n on true
   where c.user_id = $1 order by n.number)"};
struct NewRow {
  std::int64_t counted = 0;
  std::int64_t unread = 0;
  std::int64_t number = 0;
  int kind = 0;
  std::string actor_name;
  bool post_visible = false;
  BoardId board;
  CommentId comment;
  bool comment_visible = false;
};

constexpr pg::Query kNumbers{"notifications.numbers",
                             "select user_id, number from notification_counts where user_id = any ($1::bigint[])"};
struct Number {
  std::int64_t member = 0;
  std::int64_t number = 0;
};

/// Shows a change to the member only.
std::function<std::optional<int>(const session::Viewer&)> only_for(MemberId member) {
  return [member](const session::Viewer& viewer) { return viewer.id == member ? std::optional<int>(0) : std::nullopt; };
}

live::Change announcement(MemberId member, const NewRow& row, std::shared_ptr<const boards::Directory> directory) {
  live::Change out;
  out.number = row.number;
  const Kind kind = static_cast<Kind>(row.kind);
  const bool exists = by_staff(kind) || (row.post_visible && (!row.comment || row.comment_visible));
  out.variant = [member, exists, of = row.board, directory = std::move(directory)](const session::Viewer& viewer) {
    const boards::Board* board = directory->find(of);
    const bool may = viewer.id == member && exists && board != nullptr && board->readable(viewer);
    return may ? std::optional<int>(0) : std::nullopt;
  };
  out.render = [what = words(kind, static_cast<bool>(row.comment), row.actor_name)](view::Out& html, int) {
    new_word(html, what);
  };
  return out;
}

}  // namespace

async<Result<void>> LiveMember::may_follow(const Call&, const session::Viewer& viewer, std::int64_t member) {
  if (!viewer.signed_in()) co_return session::login_first();
  if (viewer.id != MemberId{member}) co_return session::forbidden();
  co_return Result<void>();
}

async<live::ChangeSet> LiveMember::since(const Call& call, std::int64_t member, std::int64_t number) {
  pg::Batch batch = db_.batch(call);
  const auto handle = batch.add<NewRow>(kSince, member, number, live::kMaxChanges + 1);
  co_await batch.send();
  const auto directory = co_await boards_.all(call);
  live::ChangeSet out;
  const auto rows = handle.all();
  if (rows.empty()) co_return out;  // the member never had a notification
  out.number = rows.front().counted;
  out.more = rows.size() > live::kMaxChanges;
  if (out.number <= number) co_return out;
  for (const NewRow& row : rows) {
    if (row.number == 0 || out.changes.size() == live::kMaxChanges) break;
    out.changes.push_back(announcement(MemberId{member}, row, directory));
  }
  if (out.more) co_return out;
  const view::Bell now{MemberId{member}, out.number, rows.front().unread};
  const bool news = !out.changes.empty();
  live::Change last;
  last.number = out.number;
  last.variant = only_for(MemberId{member});
  last.render = [now, news](view::Out& html, int) { new_bell(html, now, news); };
  out.changes.push_back(std::move(last));
  co_return out;
}

async<std::vector<live::Position>> LiveMember::numbers(const Call& call, std::vector<std::int64_t> members) {
  pg::Batch batch = db_.batch(call);
  const auto handle = batch.add<Number>(kNumbers, members);
  co_await batch.send();
  std::vector<live::Position> out;
  for (const Number& row : handle.all()) out.push_back({{topics::kMember, row.member}, row.number});
  co_return out;
}

}  // namespace ms::notifications
