#pragma once
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "features/comments/comments.hpp"
#include "infra/pg/db.hpp"

// How a page of threads is read and put in order.
namespace ms::comments {

constexpr int kRowsPerRead = 100;  ///< comments of one statement; most pages take one

namespace store {
struct ThreadRow;
struct ThreadOf;
}  // namespace store

/// Takes the comments of a page as they come, thread by thread, by id, up to what a page may hold.
class ThreadsBuilder {
 public:
  /// A thread that may fill the page, because a cursor begins in it.
  void set_unbounded(std::int64_t thread) { unbounded_ = thread; }
  void add(Comment comment);
  /// Whether what comes after the comments so far is not on the page.
  bool full() const noexcept { return static_cast<bool>(next_); }
  /// The thread and the least id of the comments that come next.
  std::pair<std::int64_t, CommentId> place() const;
  /// Moves the comments to `out` in reading order.
  void finish(Threads& out);

 private:
  void begin_thread(const Comment& comment);
  void leave_out(const Comment& comment);

  std::vector<Comment> comments_;
  std::int64_t unbounded_ = 0;
  std::int64_t page_bytes_ = 0;
  std::int64_t thread_ = 0;
  std::int64_t thread_bytes_ = 0;
  std::size_t thread_begin_ = 0;
  CommentId last_;
  bool cut_ = false;  ///< the rest of the thread is left out
  CommentId next_;    ///< the first thread that is left out
};

/// Orders comments that come thread by thread, by id, for reading, with their depth: replies below what they reply to,
/// and below their thread's beginning when that is not among them. A removed one stays only above shown replies.
std::vector<Comment> in_reading_order(std::vector<Comment> comments);

/// Reads a page of threads. One round trip, which the caller's statements share; more for a cursor and for a page of
/// more than kRowsPerRead comments.
class ThreadsReader {
 public:
  /// All must outlive it.
  ThreadsReader(pg::Db& db, const Call& call, ThreadsAsked asked) : db_(db), call_(call), asked_(asked) {}

  void ask(pg::Statements& out);
  /// Call when the statements of ask() have been sent, as long as these live.
  async<Threads> finish();

 private:
  /// Whether the cursor is on the page; then the rows begin there.
  async<bool> go_to_cursor(std::vector<store::ThreadRow>& rows);

  pg::Db& db_;
  const Call& call_;
  ThreadsAsked asked_;
  std::optional<pg::ResultHandle<store::ThreadRow>> rows_;
  std::optional<pg::ResultHandle<store::ThreadOf>> cursor_;
  ThreadsBuilder builder_;
};

}  // namespace ms::comments
