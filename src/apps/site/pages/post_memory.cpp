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

async<std::shared_ptr<const std::vector<std::int64_t>>> load_liked(likes::Likes& likes, const Call& call, UserId who,
                                                                   PostId id) {
  co_return std::make_shared<const std::vector<std::int64_t>>(co_await likes.of(call, who, id));
}

bool has(const std::vector<std::int64_t>& ids, std::int64_t id) { return std::ranges::find(ids, id) != ids.end(); }

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
  const auto ids = co_await liked(ctx, id);
  if (ids->empty()) co_return seen;
  seen.reading.post.liked = has(*ids, 0);
  seen.threads = marked(*seen.threads, *ids);
  co_return seen;
}

async<std::shared_ptr<const comments::Threads>> PostMemory::threads(const web::Context& ctx, PostId id,
                                                                    std::int64_t number) {
  auto fill = [this, &ctx, id, number] { return load_threads(comments_, ctx.call, id, number); };
  auto threads =
      co_await threads_.get(ctx.call, ctx.just_wrote(), fmt::format("{}:{}", id.value, number), std::move(fill));
  co_return threads;
}

async<std::shared_ptr<const std::vector<std::int64_t>>> PostMemory::liked(const web::Context& ctx, PostId id) {
  if (!ctx.viewer.signed_in()) co_return std::make_shared<const std::vector<std::int64_t>>();
  const UserId who = ctx.viewer.id;
  auto fill = [this, &ctx, who, id] { return load_liked(likes_, ctx.call, who, id); };
  auto liked =
      co_await liked_.get(ctx.call, ctx.just_wrote(), fmt::format("{}:{}", id.value, who.value), std::move(fill));
  co_return liked;
}

void PostMemory::forget() {
  threads_.forget();
  liked_.forget();
}

}  // namespace ms::site
