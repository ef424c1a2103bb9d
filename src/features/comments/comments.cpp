#include "features/comments/comments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "features/audit/audit.hpp"
#include "features/comments/store.hpp"
#include "features/comments/thread.html.hpp"
#include "features/notifications/causes.hpp"
#include "features/notifications/notifications.hpp"
#include "infra/core/text.hpp"
#include "infra/live/hints.hpp"
#include "infra/markdown/markdown.hpp"
#include "infra/once/once.hpp"
#include "infra/session/guard.hpp"

namespace ms::comments {
namespace {

// A browser tells every four seconds as long as somebody types; more often is no browser of ours.
constexpr limit::Rule kTyping{"typing", 1, std::chrono::seconds(2)};

using Children = std::multimap<CommentId, std::size_t>;

/// Appends the comment at `at` and what hangs on it, depth first; a removed one only when something hangs on it.
/// Recursion is as deep as replies are nested; `level` bounds it.
void lay_out(std::vector<Comment>& rows, const Children& children, std::size_t at, int level,
             std::vector<Comment>& out) {
  constexpr int kDeepest = 500;
  const auto begin = out.size();
  const CommentId id = rows[at].id;
  const bool goes_on = static_cast<bool>(rows[at].cut);
  rows[at].depth = std::min(level, kDeepestShown);
  out.push_back(std::move(rows[at]));
  if (level < kDeepest) {
    const auto [first, last] = children.equal_range(id);
    for (auto child = first; child != last; ++child) lay_out(rows, children, child->second, level + 1, out);
  }
  if (out.size() == begin + 1 && !out.back().shown() && !goes_on) out.pop_back();
}

/// A reply whose parent is not among the rows stands right below the beginning of its thread.
std::vector<Comment> in_reading_order(std::vector<Comment> rows) {
  std::map<CommentId, std::size_t> places;
  for (std::size_t i = 0; i < rows.size(); ++i) places.emplace(rows[i].id, i);
  Children children;
  std::optional<CommentId> root;  // rows come thread by thread
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].parent) {
      root = rows[i].id;
    } else if (places.contains(*rows[i].parent)) {
      children.emplace(*rows[i].parent, i);
    } else if (root) {
      children.emplace(*root, i);
    }
  }
  std::vector<Comment> out;
  out.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].parent && rows[i].id) lay_out(rows, children, i, 0, out);
  }
  return out;
}

Refused gone() { return refuse(Code::not_found, "comments.gone"_msg); }
Refused no_right(const session::Viewer& who) {
  if (!who.signed_in()) return refuse(Code::unauthenticated, "error.unauthenticated"_msg);
  return refuse(Code::forbidden, "error.forbidden"_msg);
}

bool readable(const session::Viewer& who, const boards::Directory& directory,
              const std::optional<store::Target>& comment) {
  const boards::Board* board = comment ? directory.find(comment->board) : nullptr;
  return board != nullptr && board->readable(who);
}

/// The board of a post, if `who` may comment on it.
Result<const boards::Board*> open_board(const session::Viewer& who, const boards::Directory& directory, BoardId id) {
  const boards::Board* board = directory.find(id);
  if (board == nullptr || !board->readable(who)) return refuse(Code::not_found, "posts.gone"_msg);
  if (!board->commentable(who)) return refuse(Code::forbidden, "comments.not_allowed"_msg);
  return board;
}

/// Whether `who` may edit this comment: its author may, as long as the board lets them comment.
Result<void> may_edit(const session::Viewer& who, const boards::Directory& directory,
                      const std::optional<store::Target>& comment) {
  if (!readable(who, directory, comment)) return gone();
  if (!who.signed_in() || comment->author != who.id) return no_right(who);
  if (auto board = open_board(who, directory, comment->board); !board) return Refused(board.error());
  return {};
}

}  // namespace

Reader reader_of(const session::Viewer& who, UserId author, bool may_reply) {
  const bool own = who.signed_in() && who.id == author;
  return {who.signed_in(), may_reply, own, own || who.may(session::Permission::remove), false};
}

bool Threads::holds(CommentId id) const { return std::ranges::find(comments, id, &Comment::id) != comments.end(); }

bool Threads::ends_cut(std::size_t at) const {
  const bool ends = at + 1 == comments.size() || !comments[at + 1].parent;
  return ends && comments[at].cut;
}

Reader ShownThreads::reader(const session::Viewer& who, const Comment& comment, bool may_reply) const {
  Reader out = reader_of(who, comment.author, may_reply);
  out.liked = comment.liked || std::ranges::find(liked, comment.id.value) != liked.end();
  return out;
}

const view::SafeHtml* ShownThreads::ready(std::size_t at, const Reader& reader) const {
  return at < common.size() && reader == kMostReaders ? &common[at] : nullptr;
}

std::vector<view::SafeHtml> common_html(const Threads& threads, UserId post_author, Timestamp now) {
  std::vector<view::SafeHtml> out;
  out.reserve(threads.comments.size());
  for (const Comment& one : threads.comments) {
    out.push_back(
        view::written([&](view::Out& html) { item(html, one, kMostReaders, post_author, now, [](view::Out&) {}); }));
  }
  return out;
}

Result<void> check(const unicode::Text& content) {
  std::vector<FieldError> wrong;
  if (!unicode::visible(content)) wrong.push_back({"content", "comments.content_empty"_msg});
  if (code_points(content) > kContentLimit) wrong.push_back({"content", "comments.content_long"_msg});
  if (!content.pure()) wrong.push_back({"content", "posts.content_control"_msg});
  if (wrong.empty()) return {};
  return Refused(Error(Code::invalid, "error.invalid"_msg, std::move(wrong)));
}

async<Threads> Comments::threads(const Call& call, const session::Viewer& who, PostId post, std::int64_t number,
                                 CommentId from) {
  pg::Batch counting = db_.batch(call);
  const auto count = store::count_threads(counting, post);
  co_await counting.send();
  Threads out;
  out.total = count.one().value_or(0);
  out.last = std::max<std::int64_t>(1, (out.total + kThreadsPerPage - 1) / kThreadsPerPage);
  out.number = number < 1 ? out.last : std::min(number, out.last);
  if (out.total == 0) co_return out;
  pg::Batch batch = db_.batch(call);
  const auto slot = store::threads(batch, who.id, post, (out.number - 1) * kThreadsPerPage, kThreadsPerPage, from);
  co_await batch.send();
  out.from = from;
  std::vector<Comment> rows = slot.all();
  if (!rows.empty()) out.next = rows.front().left_out;
  out.comments = in_reading_order(std::move(rows));
  co_return out;
}

async<Result<Comments::Place>> Comments::place(const Call& call, const session::Viewer& who, CommentId id) {
  const auto directory = co_await boards_.all(call);
  pg::Batch batch = db_.batch(call);
  const auto slot = store::place(batch, id);
  co_await batch.send();
  const auto found = slot.one();
  const boards::Board* board = found ? directory->find(found->board) : nullptr;
  if (board == nullptr) co_return gone();
  if (!board->readable(who)) co_return gone();
  co_return Place{found->post, found->board, found->threads_before / kThreadsPerPage + 1};
}

async<Result<Comment>> Comments::find(const Call& call, const session::Viewer& who, CommentId id) {
  const auto directory = co_await boards_.all(call);
  pg::Batch batch = db_.batch(call);
  const auto target = store::target(batch, id);
  const auto slot = store::find(batch, who.id, id);
  co_await batch.send();
  auto found = slot.one();
  if (!found || !readable(who, *directory, target.one())) co_return gone();
  co_return std::move(*found);
}

async<Result<Comment>> Comments::own(const Call& call, const session::Viewer& who, CommentId id) {
  const auto directory = co_await boards_.all(call);
  pg::Batch batch = db_.batch(call);
  const auto target = store::target(batch, id);
  const auto slot = store::find(batch, who.id, id);
  co_await batch.send();
  if (auto ok = may_edit(who, *directory, target.one()); !ok) co_return Refused(ok.error());
  auto found = slot.one();
  if (!found) co_return gone();
  co_return std::move(*found);
}

async<Result<Comments::Written>> Comments::write(const Call& call, const session::Viewer& who, Draft draft) {
  if (const auto first = once::earlier(call)) co_return Written{CommentId{*first}, {}};
  if (!who.signed_in()) co_return no_right(who);
  if (auto ok = check(draft.content); !ok) co_return Refused(ok.error());
  auto mentions = notifications::Mentions::of(draft.content);
  if (!mentions) co_return Refused(mentions.error());
  const auto post = co_await posts_.origin(call, who, draft.post);
  if (!post) co_return Refused(post.error());
  const auto directory = co_await boards_.all(call);
  if (const auto board = open_board(who, *directory, post->board); !board) co_return Refused(board.error());
  pg::Batch batch = db_.batch(call);
  std::optional<pg::Slot<store::Parent>> parent_slot;
  if (draft.parent) parent_slot = store::parent(batch, *draft.parent);
  mentions->ask(batch);
  co_await batch.send();
  mentions->answer();
  std::optional<CommentId> root;
  UserId parent_author;
  if (parent_slot) {
    const auto parent = parent_slot->one();
    if (!parent || parent->post != draft.post) co_return gone();
    root = parent->root.value_or(parent->id);
    parent_author = parent->author;
  }
  const view::SafeHtml html = markdown::render(draft.content, mentions->links());
  if (auto ok = posts::check_shown(html); !ok) co_return Refused(ok.error());
  if (auto ok = mentions->check_unresolved(draft.unresolved); !ok) co_return Refused(ok.error());
  const auto allowed = co_await allow(call, who, limit::Write::comment, std::ssize(mentions->members()));
  if (!allowed) co_return Refused(allowed.error());
  pg::Unit unit = db_.unit(call);
  boards::guard(unit, who.id, post->board, boards::Right::comment, "posts.gone"_msg);
  posts::guard_visible(unit, draft.post);
  if (draft.parent) store::guard_visible(unit, *draft.parent);
  const auto slot = store::insert(unit, draft, root, who.id, html);
  once::record_id(unit, call, who.id, "comments");
  std::optional<pg::Slot<std::int64_t>> before;
  if (draft.ask_page) before = store::threads_before(unit, draft.post, root);
  const auto told = notifications::comment_written(unit, {.author = who.id,
                                                          .post = draft.post,
                                                          .post_author = post->author,
                                                          .parent_author = parent_author,
                                                          .mentioned = mentions->members()});
  const auto done = co_await unit.send();
  if (!done) co_return Refused(done.error());
  hints_.tell({'p', draft.post.value});
  co_await notifications_.told(call, told.all());
  const auto row = slot.one().value();
  Comment comment;
  comment.post = draft.post;
  comment.parent = draft.parent;
  comment.author = who.id;
  comment.author_name = who.name;
  comment.by_staff = who.may(session::Permission::admin);
  comment.id = row.id;
  comment.created = row.created;
  comment.content = draft.content.text();
  comment.content_html = html;
  const std::int64_t page = before ? before->one().value() / kThreadsPerPage + 1 : 0;
  co_return Written{row.id, std::move(comment), page};
}

async<Result<void>> Comments::edit(const Call& call, const session::Viewer& who, CommentId id, Edit edit) {
  if (once::earlier(call)) co_return Result<void>();
  const unicode::Text& content = edit.content;
  const auto directory = co_await boards_.all(call);
  pg::Batch batch = db_.batch(call);
  const auto slot = store::target(batch, id);
  co_await batch.send();
  const auto found = slot.one();
  if (auto ok = may_edit(who, *directory, found); !ok) co_return ok;
  if (auto ok = check(content); !ok) co_return ok;
  const auto mentions = co_await notifications::find_mentions(db_, call, content);
  if (!mentions) co_return Refused(mentions.error());
  const view::SafeHtml html = markdown::render(content, mentions->links());
  if (auto ok = posts::check_shown(html); !ok) co_return ok;
  if (auto ok = mentions->check_unresolved(edit.unresolved); !ok) co_return ok;
  const auto allowed = co_await allow(call, who, limit::Write::edit, std::ssize(mentions->members()));
  if (!allowed) co_return allowed;
  pg::Unit unit = db_.unit(call);
  boards::guard(unit, who.id, found->board, boards::Right::comment, "comments.gone"_msg);
  posts::guard_visible(unit, found->post);
  if (edit.version) store::guard_version(unit, id, *edit.version);
  store::guard_visible(unit, id);
  store::update(unit, id, content, html);
  once::record(unit, call, who.id);
  const auto told = notifications::comment_written(
      unit, {.id = id, .author = who.id, .post = found->post, .mentioned = mentions->members()});
  const auto done = co_await unit.send();
  if (!done) co_return done;
  hints_.tell({'p', found->post.value});
  co_await notifications_.told(call, told.all());
  co_return done;
}

async<Result<void>> Comments::remove(const Call& call, const session::Viewer& who, CommentId id, std::string reason) {
  if (once::earlier(call)) co_return Result<void>();
  const auto directory = co_await boards_.all(call);
  pg::Batch batch = db_.batch(call);
  const auto slot = store::target(batch, id);
  co_await batch.send();
  const auto found = slot.one();
  if (!readable(who, *directory, found)) co_return gone();
  if (!reader_of(who, found->author, false).may_remove) co_return no_right(who);
  const auto given = audit::reason_on_site(reason);
  if (!given) co_return Refused(given.error());
  if (auto ok = co_await allow(call, who, limit::Write::edit, 0); !ok) co_return ok;
  pg::Unit unit = db_.unit(call);
  boards::guard(unit, who.id, found->board, boards::Right::read, "comments.gone"_msg);
  if (who.id != found->author) session::guard_permission(unit, who.id, session::Permission::remove);
  posts::guard_visible(unit, found->post);
  store::guard_visible(unit, id);
  store::remove(unit, id, who.id);
  if (who.id != found->author) audit::record_deleted(unit, who.id, {"comment", id.value}, *given);
  once::record(unit, call, who.id);
  const auto told = notifications::deleted_by_staff(unit, who.id, found->author, found->post, id, trim(reason));
  const auto done = co_await unit.send();
  if (!done) co_return done;
  hints_.tell({'p', found->post.value});
  co_await notifications_.told(call, told.all());
  co_return done;
}

async<Result<void>> Comments::allow(const Call& call, const session::Viewer& who, limit::Write what,
                                    std::int64_t mentions) {
  const bool staff = who.may(session::Permission::admin);
  if (auto ok = co_await limiter_.allow_write(call, who.id, staff, limit::Write::mention, mentions); !ok) co_return ok;
  co_return co_await limiter_.allow_write(call, who.id, staff, what);
}

async<Result<void>> Comments::typing(const Call& call, const session::Viewer& who, PostId post) {
  if (!who.signed_in()) co_return no_right(who);
  if (who.hidden) co_return Result<void>();
  const bool rarely = co_await limiter_.allow(call, kTyping, std::to_string(who.id.value));
  if (!rarely) co_return Result<void>();
  const auto directory = co_await boards_.all(call);
  pg::Batch batch = db_.batch(call);
  const auto gate = posts::gate(batch, post);
  co_await batch.send();
  const auto found = gate.one();
  if (!found) co_return refuse(Code::not_found, "posts.gone"_msg);
  const auto board = open_board(who, *directory, found->board);
  if (!board) co_return Refused(board.error());
  hints_.whisper({'p', post.value}, fmt::format("typing {} {} {}", (*board)->id.value, who.id.value, who.name));
  co_return Result<void>();
}

}  // namespace ms::comments
