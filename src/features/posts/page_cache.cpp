#include "features/posts/page_cache.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "features/posts/list.html.hpp"

namespace ms::posts {
namespace {

async<std::shared_ptr<const CachedPage>> load_page(Posts& posts, const Call& call, const boards::Board& board,
                                                   std::int64_t number) {
  Page page = co_await posts.page(call, board, number);
  auto html = view::written([&](view::Out& out) { table(out, board, page, now()); });
  co_return std::make_shared<const CachedPage>(std::move(page), std::move(html));
}

/// Null when there is no such post, which is worth remembering, too.
async<std::shared_ptr<const Reading>> load_reading(Posts& posts, const Call& call, PostId id) {
  auto found = co_await posts.load(call, id, MemberId());
  co_return found ? std::make_shared<const Reading>(std::move(*found)) : nullptr;
}

}  // namespace

async<std::shared_ptr<const CachedPage>> PageCache::page(const Call& call, bool bypass_cache,
                                                         const boards::Board& board, std::int64_t number) {
  auto fill = [this, &call, &board, number] { return load_page(posts_, call, board, number); };
  auto page = co_await pages_.get(call, bypass_cache, fmt::format("{}:{}", board.id.value, number), std::move(fill));
  co_return page;
}

async<Result<std::shared_ptr<const Reading>>> PageCache::read(const Call& call, bool bypass_cache,
                                                              const session::Viewer& viewer, PostId id) {
  auto fill = [this, &call, id] { return load_reading(posts_, call, id); };
  auto reading = co_await readings_.get(call, bypass_cache, std::to_string(id.value), std::move(fill));
  if (!reading) co_return fail(ErrorCode::not_found, "posts.gone"_msg);
  if (auto ok = co_await posts_.readable(call, viewer, reading->post.board); !ok) co_return Unexpected(ok.error());
  co_return reading;
}

void PageCache::forget() {
  pages_.forget();
  readings_.forget();
}

void PageCache::forget(PostId id) {
  const auto is_it = [id](const PostSummary& line) { return line.id == id; };
  pages_.forget([&](std::string_view, const CachedPage* kept) {
    return std::ranges::any_of(kept->page.lines, is_it) || std::ranges::any_of(kept->page.pinned, is_it);
  });
  readings_.forget([key = std::to_string(id.value)](std::string_view kept, const Reading*) { return kept == key; });
}

void PageCache::forget(BoardId board) {
  pages_.forget([begin = fmt::format("{}:", board.value)](std::string_view kept, const CachedPage*) {
    return kept.starts_with(begin);
  });
  // Neighbours too; and a post that was not there may be one of this board.
  readings_.forget([&](std::string_view, const Reading* kept) { return kept == nullptr || kept->post.board == board; });
}

}  // namespace ms::posts
