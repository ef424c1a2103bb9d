#include "apps/site/pages/post_page_cache.hpp"

#include <algorithm>

namespace ms::site {
namespace {

constexpr std::size_t kMaxThreadsBytes = 16 << 20;  // a page is 300 KB at most (comments::kPageBytes), 40 KB as a rule
constexpr std::size_t kMaxLikersBytes = 2 << 20;

std::size_t threads_bytes(const auto&, const std::shared_ptr<const CachedThreads>& threads) {
  const auto& comments = threads->rows.comments;
  std::size_t bytes = sizeof(CachedThreads) + comments.capacity() * sizeof(comments::Comment);
  for (const comments::Comment& comment : comments)
    bytes += comment.content.size() + comment.content_html.html().size();
  for (const view::SafeHtml& html : threads->common) bytes += sizeof(view::SafeHtml) + html.html().size();
  return bytes;
}

std::size_t likers_bytes(const PostId&, const std::shared_ptr<const likes::Likers>& likers) {
  return sizeof(likes::Likers) + likers->all.capacity() * sizeof(likes::Likers::One);
}

/// Loads a page of threads as a viewer without special rights sees it.
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

/// Whether anything on the page has likes; on a new post nothing has.
bool anything_liked(const posts::Post& post, const comments::Threads& threads) {
  return post.likes > 0 || std::ranges::any_of(threads.comments, [](const auto& one) { return one.likes > 0; });
}

}  // namespace

PostPageCache::PostPageCache(posts::Posts& posts, posts::PageCache& page_cache, comments::Comments& comments,
                             likes::Likes& likes, std::chrono::milliseconds ttl)
    : posts_(posts),
      page_cache_(page_cache),
      comments_(comments),
      likes_(likes),
      threads_({.name = "threads", .max_bytes = kMaxThreadsBytes, .ttl = ttl, .heap_bytes = threads_bytes}),
      likers_({.name = "likers", .max_bytes = kMaxLikersBytes, .ttl = ttl, .heap_bytes = likers_bytes}) {}

async<Result<PostPageData>> PostPageCache::read(const web::Context& ctx, PostId id, std::int64_t number,
                                                CommentId from) {
  const auto found = co_await page_cache_.read(ctx.call, ctx.read_your_writes(), ctx.viewer, id);
  if (!found) co_return Unexpected(found.error());
  const posts::Post& post = (*found)->post;
  auto page = co_await threads(ctx, id, post.author, number, from);
  std::vector<std::int64_t> likes;
  if (anything_liked(post, page->rows)) likes = co_await liked(ctx, id);
  posts_.count_view(ctx, id, post.author);
  co_return PostPageData{*found, std::move(page), post.views + posts_.unwritten_views(id), std::move(likes)};
}

async<std::shared_ptr<const CachedThreads>> PostPageCache::threads(const web::Context& ctx, PostId id, MemberId author,
                                                                   std::int64_t number, CommentId from) {
  const auto load = [this, &ctx, id, author, number, from] {
    return load_threads(comments_, ctx.call, id, author, number, from);
  };
  if (ctx.read_your_writes()) co_return co_await load();
  const ThreadsKey key(id, number, from);
  if (const auto* kept = threads_.find(key)) co_return *kept;
  auto threads = co_await threads_.load(ctx.call, key, load);
  co_return threads;
}

async<std::shared_ptr<const likes::Likers>> PostPageCache::likers(const web::Context& ctx, PostId id) {
  const auto load = [this, &ctx, id] { return load_likers(likes_, ctx.call, id); };
  if (ctx.read_your_writes()) co_return co_await load();
  if (const auto* kept = likers_.find(id)) co_return *kept;
  auto likers = co_await likers_.load(ctx.call, id, load);
  co_return likers;
}

async<std::vector<std::int64_t>> PostPageCache::liked(const web::Context& ctx, PostId id) {
  if (!ctx.viewer.signed_in()) co_return std::vector<std::int64_t>();
  const auto all = co_await likers(ctx, id);
  if (all->complete) co_return all->of(ctx.viewer.id);
  auto own = co_await likes_.of(ctx.call, ctx.viewer.id, id);
  co_return own;
}

void PostPageCache::invalidate_all() {
  threads_.invalidate_all();
  likers_.invalidate_all();
}

void PostPageCache::invalidate(PostId id) {
  threads_.invalidate_if([id](const ThreadsKey& key) { return std::get<PostId>(key) == id; });
  likers_.invalidate(id);
}

}  // namespace ms::site
