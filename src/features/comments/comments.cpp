#include "features/comments/comments.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "features/audit/audit.hpp"
#include "features/comments/store.hpp"
#include "features/comments/thread.html.hpp"
#include "features/comments/threads.hpp"
#include "features/notifications/notifications.hpp"
#include "features/notifications/notify.hpp"
#include "features/topics/topics.hpp"
#include "infra/core/text.hpp"
#include "infra/live/publisher.hpp"
#include "infra/markdown/markdown.hpp"
#include "infra/session/refusals.hpp"
#include "infra/write/write.hpp"

namespace ms::comments {
namespace {

// Our script reports every four seconds while the member types; more frequent requests do not come from it.
constexpr limit::Rule kTyping{"typing", 1, std::chrono::seconds(2)};

Unexpected gone() { return fail(ErrorCode::not_found, "comments.gone"_msg); }

bool readable(const session::Viewer& viewer, const boards::Directory& directory,
              const std::optional<store::Target>& comment) {
  const boards::Board* board = comment ? directory.find(comment->board) : nullptr;
  return board != nullptr && board->readable(viewer);
}

/// The board of a post, if `viewer` may comment on it.
Result<const boards::Board*> open_board(const session::Viewer& viewer, const boards::Directory& directory, BoardId id) {
  const boards::Board* board = directory.find(id);
  if (board == nullptr || !board->readable(viewer)) return fail(ErrorCode::not_found, "posts.gone"_msg);
  if (!board->commentable(viewer)) return fail(ErrorCode::forbidden, "comments.not_allowed"_msg);
  return board;
}

/// Whether `viewer` may edit the comment: only its author, as long as the board lets them comment.
Result<void> may_edit(const session::Viewer& viewer, const boards::Directory& directory,
                      const std::optional<store::Target>& comment) {
  if (!readable(viewer, directory, comment)) return gone();
  if (!viewer.signed_in() || comment->author != viewer.id) return session::no_right(viewer);
  if (auto board = open_board(viewer, directory, comment->board); !board) return Unexpected(board.error());
  return {};
}

write::Changes changes_of(PostId post) { return write::Changes::of_topics({topics::post(post)}); }

}  // namespace

CommentActions actions_for(const session::Viewer& viewer, MemberId author, bool may_reply) {
  const bool own = viewer.signed_in() && viewer.id == author;
  return {viewer.signed_in(), may_reply, own, own || viewer.may(session::Permission::remove), false};
}

std::string path_of(const boards::Board& board, PostId post, CommentId id) {
  return fmt::format("/boards/{}/{}?comment={}#c{}", board.slug, post.value, id.value, id.value);
}

bool Threads::holds(CommentId id) const { return std::ranges::find(comments, id, &Comment::id) != comments.end(); }

bool Threads::ends_cut(std::size_t at) const {
  const bool ends = at + 1 == comments.size() || !comments[at + 1].parent;
  return ends && comments[at].cut;
}

CommentActions ShownThreads::actions(const session::Viewer& viewer, const Comment& comment, bool may_reply) const {
  CommentActions out = actions_for(viewer, comment.author, may_reply);
  out.liked = comment.liked || std::ranges::find(liked, comment.id.value) != liked.end();
  return out;
}

const view::SafeHtml* ShownThreads::prerendered(std::size_t at, const CommentActions& actions) const {
  return at < common.size() && actions == kDefaultActions ? &common[at] : nullptr;
}

std::vector<view::SafeHtml> common_html(const Threads& threads, MemberId post_author, Timestamp now) {
  std::vector<view::SafeHtml> out;
  out.reserve(threads.comments.size());
  for (const Comment& comment : threads.comments) {
    out.push_back(view::written(
        [&](view::Out& html) { item(html, comment, kDefaultActions, post_author, now, [](view::Out&) {}); }));
  }
  return out;
}

Result<void> check(const unicode::Text& content) {
  std::vector<FieldError> wrong;
  if (!unicode::visible(content)) wrong.push_back({"content", "comments.content_empty"_msg});
  if (code_points(content) > kContentLimit) wrong.push_back({"content", "comments.content_long"_msg});
  if (!content.pure()) wrong.push_back({"content", "posts.content_control"_msg});
  if (wrong.empty()) return {};
  return Unexpected(Error(ErrorCode::invalid, "error.invalid"_msg, std::move(wrong)));
}

ThreadsReader Comments::reader(const Call& call, ThreadsAsked asked) { return {db_, call, asked}; }

async<Threads> Comments::threads(const Call& call, const session::Viewer& viewer, PostId post, std::int64_t number,
                                 CommentId from) {
  ThreadsReader reader(db_, call, {.post = post, .number = number, .from = from, .member = viewer.id});
  pg::Batch batch = db_.batch(call);
  reader.ask(batch);
  co_await batch.send();
  co_return co_await reader.finish();
}

async<Result<Comments::Place>> Comments::place(const Call& call, const session::Viewer& viewer, CommentId id) {
  const auto directory = co_await boards_.all(call);
  pg::Batch batch = db_.batch(call);
  const auto handle = store::place(batch, id);
  co_await batch.send();
  const auto found = handle.one();
  const boards::Board* board = found ? directory->find(found->board) : nullptr;
  if (board == nullptr) co_return gone();
  if (!board->readable(viewer)) co_return gone();
  co_return Place{found->post, found->board, page_of_thread(found->thread)};
}

async<Result<Comment>> Comments::find(const Call& call, const session::Viewer& viewer, CommentId id) {
  const auto directory = co_await boards_.all(call);
  pg::Batch batch = db_.batch(call);
  const auto target = store::target(batch, id);
  const auto handle = store::find(batch, viewer.id, id);
  co_await batch.send();
  auto found = handle.one();
  if (!found || !found->shown() || !readable(viewer, *directory, target.one())) co_return gone();
  co_return std::move(*found);
}

async<Result<Comment>> Comments::own(const Call& call, const session::Viewer& viewer, CommentId id) {
  const auto directory = co_await boards_.all(call);
  pg::Batch batch = db_.batch(call);
  const auto target = store::target(batch, id);
  const auto handle = store::find(batch, viewer.id, id);
  co_await batch.send();
  if (auto ok = may_edit(viewer, *directory, target.one()); !ok) co_return Unexpected(ok.error());
  auto found = handle.one();
  if (!found || !found->shown()) co_return gone();
  co_return std::move(*found);
}

async<Result<Comments::Written>> Comments::write(const Call& call, const session::Viewer& viewer, Draft draft) {
  write::Write write = writer_.begin(call, viewer);
  if (const auto first = write.replayed()) co_return Written{CommentId{*first}, {}};
  if (!viewer.signed_in()) co_return session::no_right(viewer);
  if (auto ok = check(draft.content); !ok) co_return Unexpected(ok.error());
  auto mentions = notifications::Mentions::of(draft.content);
  if (!mentions) co_return Unexpected(mentions.error());
  const auto post = co_await posts_.find_ref(call, viewer, draft.post);
  if (!post) co_return Unexpected(post.error());
  const auto directory = co_await boards_.all(call);
  if (const auto board = open_board(viewer, *directory, post->board); !board) co_return Unexpected(board.error());
  pg::Batch batch = db_.batch(call);
  std::optional<pg::ResultHandle<store::Parent>> parent_handle;
  if (draft.parent) parent_handle = store::parent(batch, *draft.parent);
  mentions->ask(batch);
  co_await batch.send();
  mentions->answer();
  std::optional<CommentId> root;
  MemberId parent_author;
  if (parent_handle) {
    const auto parent = parent_handle->one();
    if (!parent || parent->post != draft.post) co_return gone();
    root = parent->root.value_or(parent->id);
    parent_author = parent->author;
  }
  const view::SafeHtml html = markdown::render(draft.content, mentions->links());
  if (auto ok = posts::check_shown(html); !ok) co_return Unexpected(ok.error());
  if (auto ok = mentions->check_unresolved(draft.unresolved); !ok) co_return Unexpected(ok.error());
  const auto allowed = co_await allow(call, viewer, limit::Write::comment, std::ssize(mentions->members()));
  if (!allowed) co_return Unexpected(allowed.error());
  boards::guard(write, post->board, boards::Right::comment, "posts.gone"_msg);
  posts::guard_visible(write, draft.post);
  if (draft.parent) store::guard_visible(write, *draft.parent);
  const auto inserted = store::insert(write, draft, root, html);
  notifications::comment_written(write, {.id = inserted.id,
                                         .post = draft.post,
                                         .post_author = post->author,
                                         .parent_author = parent_author,
                                         .mentioned = mentions->members()});
  const auto done = co_await write.commit({.result = inserted.id, .changes = changes_of(draft.post)});
  if (!done) co_return Unexpected(done.error());
  const auto row = inserted.row.one().value();
  Comment comment;
  comment.post = draft.post;
  comment.parent = draft.parent;
  comment.author = viewer.id;
  comment.author_name = viewer.name;
  comment.by_staff = viewer.may(session::Permission::admin);
  comment.id = row.id;
  comment.created = row.created;
  comment.content = draft.content.text();
  comment.content_html = html;
  comment.thread = row.thread;
  co_return Written{row.id, std::move(comment), page_of_thread(row.thread)};
}

async<Result<void>> Comments::edit(const Call& call, const session::Viewer& viewer, CommentId id, Edit edit) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return Result<void>();
  const unicode::Text& content = edit.content;
  const auto directory = co_await boards_.all(call);
  pg::Batch batch = db_.batch(call);
  const auto handle = store::target(batch, id);
  co_await batch.send();
  const auto found = handle.one();
  if (auto ok = may_edit(viewer, *directory, found); !ok) co_return ok;
  if (auto ok = check(content); !ok) co_return ok;
  const auto mentions = co_await notifications::find_mentions(db_, call, content);
  if (!mentions) co_return Unexpected(mentions.error());
  const view::SafeHtml html = markdown::render(content, mentions->links());
  if (auto ok = posts::check_shown(html); !ok) co_return ok;
  if (auto ok = mentions->check_unresolved(edit.unresolved); !ok) co_return ok;
  const auto allowed = co_await allow(call, viewer, limit::Write::edit, std::ssize(mentions->members()));
  if (!allowed) co_return allowed;
  boards::guard(write, found->board, boards::Right::comment, "comments.gone"_msg);
  posts::guard_visible(write, found->post);
  if (edit.version) store::guard_version(write, id, *edit.version);
  store::guard_visible(write, id);
  store::update(write, id, content, html);
  notifications::comment_edited(write, id, found->post, mentions->members());
  co_return co_await write.commit({.result = write::ResultId::none(), .changes = changes_of(found->post)});
}

async<Result<void>> Comments::remove(const Call& call, const session::Viewer& viewer, CommentId id,
                                     std::string reason) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return Result<void>();
  const auto directory = co_await boards_.all(call);
  pg::Batch batch = db_.batch(call);
  const auto handle = store::target(batch, id);
  co_await batch.send();
  const auto found = handle.one();
  if (!readable(viewer, *directory, found)) co_return gone();
  if (!actions_for(viewer, found->author, false).may_remove) co_return session::no_right(viewer);
  const auto given = audit::reason_on_site(reason);
  if (!given) co_return Unexpected(given.error());
  if (auto ok = co_await allow(call, viewer, limit::Write::edit, 0); !ok) co_return ok;
  boards::guard(write, found->board, boards::Right::read, "comments.gone"_msg);
  if (viewer.id != found->author) write.guard_act_of_staff(session::Permission::remove);
  posts::guard_visible(write, found->post);
  store::guard_visible(write, id);
  store::remove(write, id, viewer.id);
  if (viewer.id != found->author) audit::record_deleted(write, {"comment", id.value}, *given);
  notifications::notify(write, notifications::Kind::deleted,
                        {.post = found->post, .comment = id, .members = {found->author}}, trim(reason));
  co_return co_await write.commit({.result = write::ResultId::none(), .changes = changes_of(found->post)});
}

async<Result<void>> Comments::allow(const Call& call, const session::Viewer& viewer, limit::Write what,
                                    std::int64_t mentions) {
  const bool staff = viewer.may(session::Permission::admin);
  if (auto ok = co_await limiter_.allow_write(call, viewer.id, staff, limit::Write::mention, mentions); !ok)
    co_return ok;
  co_return co_await limiter_.allow_write(call, viewer.id, staff, what);
}

async<Result<void>> Comments::typing(const Call& call, const session::Viewer& viewer, PostId post) {
  if (!viewer.signed_in()) co_return session::no_right(viewer);
  if (viewer.hidden) co_return Result<void>();
  const bool allowed = co_await limiter_.allow(call, kTyping, std::to_string(viewer.id.value));
  if (!allowed) co_return Result<void>();
  const auto directory = co_await boards_.all(call);
  pg::Batch batch = db_.batch(call);
  const auto access = posts::find_access(batch, post);
  co_await batch.send();
  const auto found = access.one();
  if (!found) co_return fail(ErrorCode::not_found, "posts.gone"_msg);
  const auto board = open_board(viewer, *directory, found->board);
  if (!board) co_return Unexpected(board.error());
  publisher_.publish_transient(topics::post(post),
                               fmt::format("typing {} {} {}", (*board)->id.value, viewer.id.value, viewer.name));
  co_return Result<void>();
}

}  // namespace ms::comments
