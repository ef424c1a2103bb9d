#include <algorithm>
#include <charconv>

#include "features/comments/comments.hpp"
#include "features/comments/live.html.hpp"
#include "features/comments/store.hpp"
#include "features/topics/topics.hpp"

namespace ms::comments {
namespace {

using Directory = std::shared_ptr<const boards::Directory>;

// Viewers with the same actions are one variant: it has a bit for each action.
enum Bit { kMayReply = 1, kOwn = 2, kMayRemove = 4, kMember = 8 };

int variant_of(const CommentActions& actions) {
  return (actions.member ? kMember : 0) | (actions.may_reply ? kMayReply : 0) | (actions.own ? kOwn : 0) |
         (actions.may_remove ? kMayRemove : 0);
}
CommentActions actions_of(int variant) {
  return {(variant & kMember) != 0, (variant & kMayReply) != 0, (variant & kOwn) != 0, (variant & kMayRemove) != 0,
          false};
}

live::Change comment_change(const boards::Board& board, const Directory& directory, PostId post, store::Changed row) {
  live::Change change;
  change.number = row.event;
  change.variant = [&board, directory, author = row.author](const session::Viewer& viewer) {
    if (!board.readable(viewer)) return std::optional<int>();
    return std::optional<int>(variant_of(actions_for(viewer, author, board.commentable(viewer))));
  };
  Comment comment;
  comment.id = row.id;
  comment.post = post;
  comment.parent = row.parent;
  comment.author = row.author;
  comment.author_name = std::move(row.author_name);
  comment.author_avatar = std::move(row.author_avatar);
  comment.by_staff = row.by_staff;
  comment.content_html = std::move(row.content_html);
  comment.created = row.created;
  comment.updated = row.updated;
  comment.deleted = row.deleted;
  comment.hidden = row.hidden;
  comment.likes = row.likes;
  change.render = [comment = std::move(comment), post_author = row.post_author, count = row.comments](view::Out& out,
                                                                                                      int variant) {
    changed(out, comment, actions_of(variant), post_author, count, now());
  };
  return change;
}

live::Change post_change(const boards::Board& board, const Directory& directory, PostId post, std::int64_t number,
                         bool visible) {
  live::Change change;
  change.number = number;
  change.variant = [&board, directory](const session::Viewer& viewer) {
    return board.readable(viewer) ? std::optional<int>(0) : std::nullopt;
  };
  change.render = [&board, directory, post, visible](view::Out& out, int) {
    visible ? post_changed(out, post, board.slug) : post_gone(out, post, board.slug);
  };
  return change;
}

/// Takes a number and the space behind it off the front of `text`.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end == text.data() + text.size() || *end != ' ') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return number;
}

}  // namespace

async<Result<void>> LivePost::may_follow(const Call& call, const session::Viewer& viewer, std::int64_t post) {
  const auto found = co_await posts_.find(call, viewer, PostId{post});
  if (!found) co_return Unexpected(found.error());
  co_return Result<void>();
}

async<live::ChangeSet> LivePost::since(const Call& call, std::int64_t post, std::int64_t number) {
  const PostId id{post};
  pg::Batch batch = db_.batch(call);
  const auto handle = store::since(batch, id, number, live::kMaxChanges + 1);
  co_await batch.send();
  // Read after the rows: a viewer who lost the right before they were written does not get them.
  const auto directory = co_await boards_.all(call);
  std::vector<store::Changed> rows = handle.all();
  live::ChangeSet out;
  out.number = number;
  const boards::Board* board = rows.empty() ? nullptr : directory->find(rows.front().board);
  if (board == nullptr) co_return out;
  out.number = rows.front().events;
  const bool visible = rows.front().visible;
  if (rows.front().post_event > number) {
    out.changes.push_back(post_change(*board, directory, id, rows.front().post_event, visible));
  }
  // The comments of a post that is gone are gone too.
  for (store::Changed& row : rows) {
    if (visible && row.event > 0) out.changes.push_back(comment_change(*board, directory, id, std::move(row)));
  }
  std::ranges::sort(out.changes, {}, &live::Change::number);
  out.more = out.changes.size() > live::kMaxChanges;
  if (out.more) out.changes.resize(live::kMaxChanges);
  co_return out;
}

async<std::vector<live::Position>> LivePost::numbers(const Call& call, std::vector<std::int64_t> posts) {
  pg::Batch batch = db_.batch(call);
  const auto handle = store::numbers(batch, posts);
  co_await batch.send();
  std::vector<live::Position> out;
  for (const store::Number& row : handle.all()) out.push_back({{topics::kPost, row.post}, row.events});
  co_return out;
}

/// "typing <board> <member> <name>", as Comments::typing publishes it.
std::optional<live::Change> LivePost::parse_transient(std::int64_t post, std::string_view what) {
  constexpr std::string_view kTyping = "typing ";
  if (!what.starts_with(kTyping)) return std::nullopt;
  what.remove_prefix(kTyping.size());
  const auto board = take_number(what);
  const auto member = board ? take_number(what) : std::nullopt;
  if (!member || what.empty()) return std::nullopt;
  live::Change change;
  change.variant = [this, board = BoardId{*board}, member = MemberId{*member}](const session::Viewer& viewer) {
    const auto directory = boards_.current();
    const boards::Board* of = directory ? directory->find(board) : nullptr;
    // Only members see who is writing.
    const bool shown = of != nullptr && viewer.signed_in() && of->readable(viewer) && viewer.id != member;
    return shown ? std::optional<int>(0) : std::nullopt;
  };
  change.render = [id = PostId{post}, member = MemberId{*member}, name = std::string(what)](view::Out& out, int) {
    typing(out, id, member, name);
  };
  return change;
}

}  // namespace ms::comments
