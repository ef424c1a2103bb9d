#include "features/posts/view_counter.hpp"

#include <spdlog/spdlog.h>

#include <vector>

#include "infra/io/sleep.hpp"

namespace ms::posts {
namespace {

constexpr pg::Query kAdd{"posts.add_views", R"(
  update post_counters c set views = views + n.seen
    from unnest($1::bigint[], $2::bigint[]) as n (post_id, seen) where c.post_id = n.post_id)"};

}  // namespace

void ViewCounter::count(PostId post) {
  if (pending_.size() < kMostPosts || pending_.contains(post)) ++pending_[post];
}

std::int64_t ViewCounter::pending(PostId post) const {
  const auto found = pending_.find(post);
  return found == pending_.end() ? 0 : found->second;
}

async<void> ViewCounter::flush() {
  if (pending_.empty()) co_return;
  std::unordered_map<PostId, std::int64_t> taken;
  taken.swap(pending_);
  std::vector<PostId> posts;
  std::vector<std::int64_t> seen;
  for (const auto& [post, views] : taken) {
    posts.push_back(post);
    seen.push_back(views);
  }
  const Call call(std::chrono::steady_clock::now() + kFlushEvery, "views");
  bool done = false;
  try {
    pg::Unit unit = db_.unit(call);  // a Batch would be sent again after a lost connection
    unit.add(kAdd, posts, seen);
    const auto added = co_await unit.send();
    if (!added) spdlog::error("views are not counted: {}", added.error().message.key);
    done = true;
  } catch (const pg::Unavailable& gone) {
    // Added already, perhaps: better a view too few than one counted twice.
    done = gone.outcome_unknown();
  } catch (const std::exception& bug) {
    spdlog::error("views are not counted: {}", bug.what());
    done = true;
  }
  if (done) co_return;
  for (const auto& [post, views] : taken) pending_[post] += views;
}

async<void> ViewCounter::run() {
  while (true) {
    co_await sleep_for(kFlushEvery);
    co_await flush();
  }
}

}  // namespace ms::posts
