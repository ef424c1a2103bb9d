#include "features/posts/page_cache.hpp"

#include <algorithm>

#include "features/posts/list.html.hpp"

namespace ms::posts {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxPageBytes = 8 << 20;     // some 340 pages of 20 lines and their HTML
constexpr std::size_t kMaxReadingBytes = 4 << 20;  // each at most 50,000 characters, a few KB as a rule

std::size_t bytes_of(const std::vector<PostSummary>& lines) {
  std::size_t bytes = lines.capacity() * sizeof(PostSummary);
  for (const PostSummary& line : lines) bytes += line.title.size() + line.author_name.size();
  return bytes;
}

std::size_t page_bytes(const auto&, const std::shared_ptr<const CachedPage>& cached) {
  return sizeof(CachedPage) + bytes_of(cached->page.pinned) + bytes_of(cached->page.lines) +
         cached->table.html().size();
}

std::size_t reading_bytes(const PostId&, const std::shared_ptr<const Reading>& reading) {
  if (!reading) return 0;
  return sizeof(Reading) + reading->post.content.size() + reading->post.content_html.html().size();
}

async<std::shared_ptr<const CachedPage>> load_page(Posts& posts, const Call& call, const boards::Board& board,
                                                   std::int64_t number) {
  Page page = co_await posts.page(call, board, number);
  auto html = view::written([&](view::Out& out) { table(out, board, page, now()); });
  co_return std::make_shared<const CachedPage>(std::move(page), std::move(html));
}

/// Null when there is no such post, which is cached too.
async<std::shared_ptr<const Reading>> load_reading(Posts& posts, const Call& call, PostId id) {
  auto found = co_await posts.load(call, id, MemberId());
  co_return found ? std::make_shared<const Reading>(std::move(*found)) : nullptr;
}

}  // namespace

PageCache::PageCache(Posts& posts, milliseconds ttl)
    : posts_(posts),
      pages_({.name = "post_lists", .max_bytes = kMaxPageBytes, .ttl = ttl, .heap_bytes = page_bytes}),
      readings_({.name = "posts", .max_bytes = kMaxReadingBytes, .ttl = ttl, .heap_bytes = reading_bytes}) {}

async<std::shared_ptr<const CachedPage>> PageCache::page(const Call& call, bool bypass_cache,
                                                         const boards::Board& board, std::int64_t number) {
  const auto load = [this, &call, &board, number] { return load_page(posts_, call, board, number); };
  if (bypass_cache) co_return co_await load();
  const PageKey key(board.id, number);
  if (const auto* cached = pages_.find(key)) co_return *cached;
  auto page = co_await pages_.load(call, key, load);
  co_return page;
}

async<std::shared_ptr<const Reading>> PageCache::reading(const Call& call, bool bypass_cache, PostId id) {
  const auto load = [this, &call, id] { return load_reading(posts_, call, id); };
  if (bypass_cache) co_return co_await load();
  if (const auto* cached = readings_.find(id)) co_return *cached;
  auto reading = co_await readings_.load(call, id, load);
  co_return reading;
}

async<Result<std::shared_ptr<const Reading>>> PageCache::read(const Call& call, bool bypass_cache,
                                                              const session::Viewer& viewer, PostId id) {
  auto reading = co_await this->reading(call, bypass_cache, id);
  if (!reading) co_return fail(ErrorCode::not_found, "posts.gone"_msg);
  if (auto ok = co_await posts_.readable(call, viewer, reading->post.board); !ok) co_return Unexpected(ok.error());
  co_return reading;
}

void PageCache::invalidate_all() {
  pages_.invalidate_all();
  readings_.invalidate_all();
}

void PageCache::invalidate(PostId id) {
  const auto is_post = [id](const PostSummary& line) { return line.id == id; };
  pages_.invalidate_if([&](const PageKey&, const std::shared_ptr<const CachedPage>& cached) {
    return std::ranges::any_of(cached->page.lines, is_post) || std::ranges::any_of(cached->page.pinned, is_post);
  });
  readings_.invalidate(id);
}

void PageCache::invalidate(BoardId board) {
  pages_.invalidate_if([board](const PageKey& key) { return std::get<BoardId>(key) == board; });
  // Neighbours change too; and a post that was missing may be on this board.
  readings_.invalidate_if([board](PostId, const std::shared_ptr<const Reading>& reading) {
    return reading == nullptr || reading->post.board == board;
  });
}

}  // namespace ms::posts
