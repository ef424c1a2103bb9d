#include "apps/site/pages/post_page_cache.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ms::site {
namespace {

/// As nobody in particular reads them.
async<std::shared_ptr<const CachedThreads>> load_threads(comments::Comments& comments, const Call& call, PostId id,
                                                         MemberId author, std::int64_t number, CommentId from) {
  const session::Viewer nobody;
  comments::Threads rows = co_await comments.threads(call, nobody, id, number, from);
  auto common = comments::common_html(rows, author, now());
  co_return std::make_shared<const CachedThreads>(std::move(rows), std::move(common));
}

async<std::shared_ptr<const likes::Likers>> load_likers(likes::Likes& likes, const Call& call, PostId id) {
  co_return std::make_shared<const likes::Likers>(co_await likes.likers(call, id));
}

/// Whether there is anything that a reader may have liked. Of a new post there is not.
bool anything_liked(const posts::Post& post, const comments::Threads& threads) {
  return post.likes > 0 || std::ranges::any_of(threads.comments, [](const auto& one) { return one.likes > 0; });
}

}  // namespace

async<Result<PostPageData>> PostPageCache::read(const web::Context& ctx, PostId id, std::int64_t number,
                                                CommentId from) {
  const auto found = co_await page_cache_.read(ctx.call, ctx.read_your_writes(), ctx.viewer, id);
  if (!found) co_return Unexpected(found.error());
  const posts::Post& post = (*found)->post;
  auto page = co_await threads(ctx, id, post.author, number, from);
  std::vector<std::int64_t> likes;
  if (anything_liked(post, page->rows)) likes = co_await liked(ctx, id);
  posts_.count_reader(ctx, id, post.author);
  co_return PostPageData{*found, std::move(page), post.views + posts_.unwritten_views(id), std::move(likes)};
}

async<std::shared_ptr<const CachedThreads>> PostPageCache::threads(const web::Context& ctx, PostId id, MemberId author,
                                                                   std::int64_t number, CommentId from) {
  auto fill = [this, &ctx, id, author, number, from] {
    return load_threads(comments_, ctx.call, id, author, number, from);
  };
  std::string key = fmt::format("{}:{}:{}", id.value, number, from.value);
  auto threads = co_await threads_.get(ctx.call, ctx.read_your_writes(), std::move(key), std::move(fill));
  co_return threads;
}

async<std::vector<std::int64_t>> PostPageCache::liked(const web::Context& ctx, PostId id) {
  if (!ctx.viewer.signed_in()) co_return std::vector<std::int64_t>();
  auto fill = [this, &ctx, id] { return load_likers(likes_, ctx.call, id); };
  const auto likers = co_await likers_.get(ctx.call, ctx.read_your_writes(), std::to_string(id.value), std::move(fill));
  if (likers->whole) co_return likers->of(ctx.viewer.id);
  auto own = co_await likes_.of(ctx.call, ctx.viewer.id, id);
  co_return own;
}

void PostPageCache::forget() {
  threads_.forget();
  likers_.forget();
}

void PostPageCache::forget(PostId id) {
  const std::string key = std::to_string(id.value);
  threads_.forget([begin = key + ':'](std::string_view kept, const auto*) { return kept.starts_with(begin); });
  likers_.forget([&](std::string_view kept, const auto*) { return kept == key; });
}

}  // namespace ms::site
