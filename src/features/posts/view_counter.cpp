#include "features/posts/view_counter.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <map>
#include <utility>

#include "infra/io/sleep.hpp"
#include "infra/pg/transaction.hpp"

namespace ms::posts {
namespace {

constexpr pg::Query kAdd{"posts.add_views", R"(
  update post_counters c set views = views + n.seen
    from unnest($1::bigint[], $2::bigint[]) as n (post_id, seen) where c.post_id = n.post_id)"};

}  // namespace

void ViewCounter::count(PostId post, std::string_view visitor) {
  if (visitor.empty() || visits_.size() >= kMaxVisits) return;
  const auto now = std::chrono::steady_clock::now();
  std::string key = fmt::format("viewed:{}:{}", post.value, visitor);
  const auto counted = counted_.find(key);
  if (counted != counted_.end() && now - counted->second < kRepeatVisitPeriod) return;
  if (counted_.size() >= kMaxVisitors) counted_.clear();
  counted_[key] = now;
  visits_.push_back({post, std::move(key)});
}

/// Adds the visits that are the first of their visitor within kRepeatVisitPeriod, on all servers, to the pending views.
async<void> ViewCounter::settle(const Call& call) {
  if (visits_.empty()) co_return;
  const std::vector<Visit> visits = std::exchange(visits_, {});
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(kRepeatVisitPeriod).count();
  std::vector<redis::Command> commands;
  commands.reserve(visits.size());
  for (const Visit& visit : visits) commands.emplace_back("SET", visit.key, "1", "NX", "EX", seconds);
  const auto replies = co_await redis_.execute_all(call, std::move(commands));
  for (std::size_t i = 0; i < visits.size(); ++i) {
    if (replies && replies->at(i).is_nil()) continue;  // another server counted this visitor
    const PostId post = visits[i].post;
    if (pending_.size() < kMaxPosts || pending_.contains(post)) ++pending_[post];
  }
}

std::int64_t ViewCounter::pending(PostId post) const {
  const auto found = pending_.find(post);
  return found == pending_.end() ? 0 : found->second;
}

async<void> ViewCounter::flush() {
  const Call call(std::chrono::steady_clock::now() + kFlushEvery, "views");
  co_await settle(call);
  if (pending_.empty()) co_return;
  // In the order of posts, as everybody who locks several counters.
  const std::map<PostId, std::int64_t> taken(pending_.begin(), pending_.end());
  pending_.clear();
  std::vector<PostId> posts;
  std::vector<std::int64_t> counts;
  for (const auto& [post, views] : taken) {
    posts.push_back(post);
    counts.push_back(views);
  }
  bool done = false;
  try {
    pg::Transaction transaction = db_.transaction(call);  // a Batch would be sent again after a lost connection
    transaction.add(kAdd, posts, counts);
    const auto added = co_await transaction.commit();
    if (!added) spdlog::error("views are not counted: {}", added.error().message.key);
    done = true;
  } catch (const pg::Unavailable& failure) {
    // The views may have been added: a lost view is better than one counted twice.
    done = failure.outcome_unknown();
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
