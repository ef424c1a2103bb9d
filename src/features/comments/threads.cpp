#include "features/comments/threads.hpp"

#include <algorithm>

#include "features/comments/store.hpp"

namespace ms::comments {
namespace {

Comment comment_of(PostId post, store::ThreadRow&& row) {
  Comment out;
  out.id = row.id;
  out.post = post;
  out.thread = row.thread;
  out.parent = row.parent;
  out.author = row.author;
  out.author_name = std::move(row.author_name);
  out.author_avatar = std::move(row.author_avatar);
  out.by_staff = row.by_staff;
  out.content = std::move(row.content);
  out.content_html = std::move(row.content_html);
  out.created = row.created;
  out.updated = row.updated;
  out.deleted = row.deleted;
  out.hidden = row.hidden;
  out.likes = row.likes;
  out.liked = row.liked;
  out.version = row.version;
  return out;
}

/// A thread by its comments' places in `comments`: those that reply to each, in order.
struct Tree {
  std::vector<Comment>& comments;
  std::size_t begin;
  std::vector<std::vector<std::size_t>> replies;
};

Tree tree_of(std::vector<Comment>& comments, std::size_t begin, std::size_t end) {
  Tree tree{comments, begin, {}};
  if (end - begin > 1) tree.replies.resize(end - begin);
  const auto first = comments.begin() + static_cast<std::ptrdiff_t>(begin);
  for (std::size_t at = begin + 1; at < end; ++at) {
    const auto before = comments.begin() + static_cast<std::ptrdiff_t>(at);
    const auto parent = std::ranges::lower_bound(first, before, *comments[at].parent, {}, &Comment::id);
    const bool found = parent != before && parent->id == *comments[at].parent;
    tree.replies[found ? static_cast<std::size_t>(parent - first) : 0].push_back(at);
  }
  return tree;
}

/// Appends the comment at `at` and its replies, depth first; a removed one only when it has shown replies. The
/// recursion is as deep as replies are nested; `level` bounds it.
void append_subtree(const Tree& tree, std::size_t at, int level, std::vector<Comment>& out) {
  constexpr int kMaxDepth = 500;
  const auto begin = out.size();
  Comment& comment = tree.comments[at];
  comment.depth = std::min(level, kMaxShownDepth);
  out.push_back(std::move(comment));
  if (level < kMaxDepth && !tree.replies.empty()) {
    for (const std::size_t reply : tree.replies[at - tree.begin]) append_subtree(tree, reply, level + 1, out);
  }
  if (out.size() == begin + 1 && !out.back().shown() && !out.back().cut) out.pop_back();
}

}  // namespace

void ThreadsBuilder::add(Comment comment) {
  if (comment.thread != thread_) begin_thread(comment);
  last_ = comment.id;
  const bool fits = thread_ == unbounded_ || thread_bytes_ < kThreadBytes;
  if (!fits || page_bytes_ >= kPageBytes) return leave_out(comment);
  const auto bytes = std::ssize(comment.content_html.html()) + kItemBytes;
  thread_bytes_ += bytes;
  page_bytes_ += bytes;
  comments_.push_back(std::move(comment));
}

void ThreadsBuilder::begin_thread(const Comment& comment) {
  thread_ = comment.thread;
  thread_bytes_ = 0;
  thread_begin_ = comments_.size();
  cut_ = false;
}

void ThreadsBuilder::leave_out(const Comment& comment) {
  if (!comment.parent) {
    if (!next_) next_ = comment.id;
  } else if (!cut_ && thread_begin_ < comments_.size()) {
    cut_ = true;
    for (std::size_t at = thread_begin_; at < comments_.size(); ++at) comments_[at].cut = comment.id;
  }
}

std::pair<std::int64_t, CommentId> ThreadsBuilder::place() const {
  if (cut_) return {thread_ + 1, CommentId()};
  return {thread_, CommentId{last_.value + 1}};
}

void ThreadsBuilder::finish(Threads& out) {
  out.next = next_;
  out.comments = in_reading_order(std::move(comments_));
}

std::vector<Comment> in_reading_order(std::vector<Comment> comments) {
  std::vector<Comment> out;
  out.reserve(comments.size());
  std::size_t end = 0;
  for (std::size_t begin = 0; begin < comments.size(); begin = end) {
    end = begin + 1;
    while (end < comments.size() && comments[end].parent) ++end;
    append_subtree(tree_of(comments, begin, end), begin, 0, out);
  }
  return out;
}

void ThreadsReader::ask(pg::Statements& out) {
  rows_ = store::threads(out, asked_, 0, CommentId());
  if (asked_.from) cursor_ = store::thread_of(out, asked_.from, asked_.post);
}

async<Threads> ThreadsReader::finish() {
  Threads out;
  std::vector<store::ThreadRow> rows = rows_->all();
  if (rows.empty()) co_return out;
  out.total = rows.front().threads;
  out.last = std::max<std::int64_t>(1, page_of_thread(out.total));
  out.number = asked_.number < 1 ? out.last : std::min(asked_.number, out.last);
  asked_.number = out.number;
  const bool moved = co_await go_to_cursor(rows);
  if (moved) out.from = asked_.from;
  while (true) {
    const bool more = rows.size() == kRowsPerRead;
    for (store::ThreadRow& row : rows) {
      if (row.id) builder_.add(comment_of(asked_.post, std::move(row)));
    }
    if (!more || builder_.full()) break;
    const auto [thread, id] = builder_.place();
    pg::Batch batch = db_.batch(call_);
    const auto handle = store::threads(batch, asked_, thread, id);
    co_await batch.send();
    rows = handle.all();
  }
  builder_.finish(out);
  co_return out;
}

async<bool> ThreadsReader::go_to_cursor(std::vector<store::ThreadRow>& rows) {
  const auto at = cursor_ ? cursor_->one() : std::nullopt;
  if (!at || page_of_thread(at->thread) != asked_.number) co_return false;
  builder_.set_unbounded(at->thread);
  pg::Batch batch = db_.batch(call_);
  const auto root = store::find(batch, asked_.member, at->root);
  const auto handle = store::threads(batch, asked_, at->thread, asked_.from);
  co_await batch.send();
  if (at->root != asked_.from) {
    if (auto comment = root.one()) builder_.add(std::move(*comment));
  }
  rows = handle.all();
  co_return true;
}

}  // namespace ms::comments
