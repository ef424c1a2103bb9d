#include "features/posts/page_cache.hpp"

#include <algorithm>

#include "features/posts/list.html.hpp"

namespace ms::posts {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxPageBytes = 8 << 20;  // some 340 pages of 20 lines and their HTML

std::size_t bytes_of(const std::vector<PostSummary>& lines) {
  std::size_t bytes = lines.capacity() * sizeof(PostSummary);
  for (const PostSummary& line : lines) bytes += line.title.size() + line.author_name.size();
  return bytes;
}

std::size_t page_bytes(const auto&, const std::shared_ptr<const CachedPage>& cached) {
  return sizeof(CachedPage) + bytes_of(cached->page.pinned) + bytes_of(cached->page.lines) +
         cached->table.html().size();
}

async<std::shared_ptr<const CachedPage>> load_page(Posts& posts, const Call& call, const boards::Board& board,
                                                   std::int64_t number) {
  Page page = co_await posts.page(call, board, number);
  auto html = view::written([&](view::Out& out) {
    board.kind == boards::Kind::gallery ? gallery(out, board, page, now()) : table(out, board, page, now());
  });
  co_return std::make_shared<const CachedPage>(std::move(page), std::move(html));
}

}  // namespace

PageCache::PageCache(Posts& posts, milliseconds ttl)
    : posts_(posts), pages_({.name = "post_lists", .max_bytes = kMaxPageBytes, .ttl = ttl, .heap_bytes = page_bytes}) {}

async<std::shared_ptr<const CachedPage>> PageCache::page(const Call& call, bool bypass_cache,
                                                         const boards::Board& board, std::int64_t number) {
  const auto load = [this, &call, &board, number] { return load_page(posts_, call, board, number); };
  if (bypass_cache) co_return co_await load();
  const PageKey key(board.id, number);
  if (const auto* cached = pages_.find(key)) co_return *cached;
  auto page = co_await pages_.load(call, key, load);
  co_return page;
}

void PageCache::invalidate_all() { pages_.invalidate_all(); }

void PageCache::invalidate(PostId id) {
  const auto is_post = [id](const PostSummary& line) { return line.id == id; };
  pages_.invalidate_if([&](const PageKey&, const std::shared_ptr<const CachedPage>& cached) {
    return std::ranges::any_of(cached->page.lines, is_post) || std::ranges::any_of(cached->page.pinned, is_post);
  });
}

void PageCache::invalidate(BoardId board) {
  pages_.invalidate_if([board](const PageKey& key) { return std::get<BoardId>(key) == board; });
}

}  // namespace ms::posts
