#include "infra/purge/purger.hpp"

#include <spdlog/spdlog.h>

#include "infra/io/sleep.hpp"

namespace ms::purge {
namespace {

using std::chrono::steady_clock;

/// A monitor answers within a millisecond; an act does not wait longer for one that is ill.
constexpr std::chrono::milliseconds kPatience{800};
constexpr std::chrono::seconds kLookEvery{2};

constexpr pg::Query kQueued{"purge.queued", "select count(*) from purges"};
// Those that are deleted when all have forgotten; not "up to the highest": a smaller number may be committed later.
constexpr pg::Query kIds{"purge.ids", "select id from purges order by id limit 1000"};
// Those that nobody is about to remove; one server takes them, and the others leave them alone for a while.
constexpr pg::Query kTake{"purge.take", R"(
  update purges set tried_at = now() where id in (
    select id from purges where tried_at < now() - interval '3 seconds' order by id limit 1000 for update skip locked)
  returning id)"};
constexpr pg::Query kDone{"purge.done", "delete from purges where id = any ($1::bigint[])"};

async<void> done(pg::Db& db, const Call& call, const std::vector<std::int64_t>& ids) {
  pg::Transaction transaction = db.transaction(call);
  transaction.add(kDone, ids);
  const auto removed = co_await transaction.commit();
  if (!removed) spdlog::error("purge: the queue cannot be shortened");
}

}  // namespace

Purger::Purger(pg::Db& db, const std::vector<std::string>& monitors) : db_(db) {
  for (const std::string& url : monitors) {
    auto question = http::parse_url(url + "/saved_pages");
    if (!question) throw std::invalid_argument("proxy.monitors: " + url + " has no numeric address");
    question->method = "DELETE";
    monitors_.emplace_back(url, *std::move(question));
  }
}

async<bool> Purger::settle(std::string_view request_id) {
  const Call call(steady_clock::now() + kPatience, request_id);
  try {
    pg::Batch batch = db_.batch(call);
    const auto handle = batch.add<std::int64_t>(kIds);
    co_await batch.send();
    const bool forgotten = co_await forget_everywhere(call.deadline());
    if (!forgotten) co_return false;
    co_await done(db_, call, handle.all());
    co_return true;
  } catch (const pg::Unavailable& gone) {
    spdlog::warn("request {}: saved pages are not removed yet: {}", request_id, gone.what());
  } catch (const std::exception& bug) {
    // What it belongs to is stored: that it is still queued is what its answer says, and no 500.
    spdlog::error("request {}: purge: {}", request_id, bug.what());
  }
  co_return false;
}

async<bool> Purger::forget_everywhere(Deadline deadline) {
  bool all = true;
  auto left = static_cast<int>(monitors_.size());
  for (const auto& [name, question] : monitors_) {
    const auto now = steady_clock::now();
    const auto answer = co_await http::fetch(question, now + (deadline - now) / left--);
    if (answer && answer->status == 204) continue;
    all = false;
    ++failures_;
    spdlog::warn("saved pages are not removed at {}: {}", name,
                 answer ? std::to_string(answer->status) + " " + answer->body : answer.error());
  }
  co_return all;
}

async<void> Purger::look() {
  const Call call(steady_clock::now() + kLookEvery, "purge");
  pg::Batch batch = db_.batch(call);
  const auto queued = batch.add<std::int64_t>(kQueued);
  co_await batch.send();
  pending_ = queued.one().value();
  if (pending_ == 0) co_return;
  pg::Transaction transaction = db_.transaction(call);
  const auto handle = transaction.add<std::int64_t>(kTake);
  const auto taken = co_await transaction.commit();
  if (!taken) co_return;
  const std::vector<std::int64_t> ids = handle.all();
  if (ids.empty()) co_return;
  const bool forgotten = co_await forget_everywhere(call.deadline());
  if (forgotten) co_await done(db_, call, ids);
}

async<void> Purger::run() {
  while (true) {
    co_await sleep_for(kLookEvery);
    try {
      co_await look();
    } catch (const pg::Unavailable&) {
      // PostgreSQL is gone: nothing can be hidden either
    } catch (const std::exception& bug) { spdlog::error("purge: {}", bug.what()); }
  }
}

}  // namespace ms::purge
