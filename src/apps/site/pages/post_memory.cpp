#include "apps/site/pages/post_memory.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ms::site {
namespace {

/// As nobody in particular reads them.
async<std::shared_ptr<const comments::Threads>> load_threads(comments::Comments& comments, const Call& call, PostId id,
                                                             std::int64_t number) {
  const session::Viewer nobody;
  co_return std::make_shared<const comments::Threads>(co_await comments.threads(call, nobody, id, number));
}

async<std::shared_ptr<const likes::Likers>> load_likers(likes::Likes& likes, const Call& call, PostId id) {
  co_return std::make_shared<const likes::Likers>(co_await likes.likers(call, id));
}

bool has(const std::vector<std::int64_t>& ids, std::int64_t id) { return std::ranges::find(ids, id) != ids.end(); }

/// Whether there is anything that this reader may have liked. Of a new post there is not, and so a crowd that comes for
/// it asks for no likes, member by member.
bool anything_liked(const Seen& seen) {
  const auto& shown = seen.threads->comments;
  return seen.reading.post.likes > 0 || std::ranges::any_of(shown, [](const auto& one) { return one.likes > 0; });
}

/// The same with the likes of one member marked.
std::shared_ptr<const comments::Threads> marked(const comments::Threads& threads,
                                                const std::vector<std::int64_t>& ids) {
  auto own = std::make_shared<comments::Threads>(threads);
  for (comments::Comment& one : own->comments) one.liked = has(ids, one.id.value);
  return own;
}

}  // namespace

async<Result<Seen>> PostMemory::read(const web::Context& ctx, PostId id, std::int64_t number) {
  const auto found = co_await shown_.read(ctx.call, ctx.just_wrote(), ctx.viewer, id);
  if (!found) co_return Refused(found.error());
  Seen seen{**found, co_await threads(ctx, id, number)};
  seen.reading.post.views += posts_.count_reader(id);
  if (!anything_liked(seen)) co_return seen;
  const auto ids = co_await liked(ctx, id);
  if (ids.empty()) co_return seen;
  seen.reading.post.liked = has(ids, 0);
  seen.threads = marked(*seen.threads, ids);
  co_return seen;
}

async<std::shared_ptr<const comments::Threads>> PostMemory::threads(const web::Context& ctx, PostId id,
                                                                    std::int64_t number) {
  auto fill = [this, &ctx, id, number] { return load_threads(comments_, ctx.call, id, number); };
  auto threads =
      co_await threads_.get(ctx.call, ctx.just_wrote(), fmt::format("{}:{}", id.value, number), std::move(fill));
  co_return threads;
}

async<std::vector<std::int64_t>> PostMemory::liked(const web::Context& ctx, PostId id) {
  if (!ctx.viewer.signed_in()) co_return std::vector<std::int64_t>();
  auto fill = [this, &ctx, id] { return load_likers(likes_, ctx.call, id); };
  const auto likers = co_await likers_.get(ctx.call, ctx.just_wrote(), std::to_string(id.value), std::move(fill));
  if (likers->whole) co_return likers->of(ctx.viewer.id);
  auto own = co_await likes_.of(ctx.call, ctx.viewer.id, id);
  co_return own;
}

void PostMemory::forget() {
  threads_.forget();
  likers_.forget();
}

}  // namespace ms::site
