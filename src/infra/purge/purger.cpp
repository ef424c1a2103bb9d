#include "infra/purge/purger.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "infra/io/sleep.hpp"
#include "infra/pg/transaction.hpp"

namespace ms::purge {
namespace {

using std::chrono::steady_clock;

/// A monitor answers within a millisecond; a request does not wait longer than this for a faulty one.
constexpr std::chrono::milliseconds kTimeout{800};
constexpr std::chrono::seconds kPollInterval{2};

constexpr pg::Query kQueued{"purge.queued", "select count(*) from purges"};
// The ids that are deleted once every Nginx is purged; not "up to the highest": a smaller id may be committed later.
constexpr pg::Query kIds{"purge.ids", "select id, cause from purges order by id limit 1000"};
// Rows that no server works on; one server takes them, and the others leave them alone for a while.
constexpr pg::Query kTake{"purge.take", R"(
  update purges set tried_at = now() where id in (
    select id from purges where tried_at < now() - interval '3 seconds' order by id limit 1000 for update skip locked)
  returning id, cause)"};
constexpr pg::Query kDone{"purge.done", "delete from purges where id = any ($1::bigint[])"};

/// More causes than this are one purge of all pages.
constexpr std::size_t kMaxCauses = 100;

struct Queued {
  std::int64_t id;
  std::string cause;  ///< "post 12", "board 3"
};

/// The query of a monitor's /saved_pages: "?post=12&board=3".
std::string query_of(const std::vector<Queued>& queued) {
  if (queued.size() > kMaxCauses) return "";
  std::string out;
  for (const Queued& each : queued) {
    out += out.empty() ? '?' : '&';
    out += each.cause;
    std::ranges::replace(out, ' ', '=');
  }
  return out;
}

std::vector<std::int64_t> ids_of(const std::vector<Queued>& queued) {
  std::vector<std::int64_t> out;
  for (const Queued& each : queued) out.push_back(each.id);
  return out;
}

async<void> done(pg::Db& db, const Call& call, const std::vector<std::int64_t>& ids) {
  pg::Transaction transaction = db.transaction(call);
  transaction.add(kDone, ids);
  const auto removed = co_await transaction.commit();
  if (!removed) spdlog::error("purge: the queue cannot be shortened");
}

}  // namespace

Purger::Purger(pg::Db& db, const std::vector<std::string>& monitors) : db_(db) {
  for (const std::string& url : monitors) {
    auto request = http::parse_url(url + "/saved_pages");
    if (!request) throw std::invalid_argument("proxy.monitors: " + url + " has no numeric address");
    request->method = "DELETE";
    monitors_.emplace_back(url, *std::move(request));
  }
}

async<bool> Purger::purge_now(std::string_view request_id) {
  const Call call(steady_clock::now() + kTimeout, request_id);
  try {
    pg::Batch batch = db_.batch(call);
    const auto handle = batch.add<Queued>(kIds);
    co_await batch.send();
    const std::vector<Queued> queued = handle.all();
    if (queued.empty()) co_return true;  // run() was quicker, or the request repeats one that is done
    const bool purged = co_await purge_all(query_of(queued), call.deadline());
    if (!purged) co_return false;
    co_await done(db_, call, ids_of(queued));
    co_return true;
  } catch (const pg::Unavailable& gone) {
    spdlog::warn("request {}: saved pages are not removed yet: {}", request_id, gone.what());
  } catch (const std::exception& bug) {
    // The write is committed, so its response says that the purge is still queued, and is not a 500.
    spdlog::error("request {}: purge: {}", request_id, bug.what());
  }
  co_return false;
}

async<bool> Purger::purge_all(std::string query, Deadline deadline) {
  bool all = true;
  auto left = static_cast<int>(monitors_.size());
  for (const auto& [name, url] : monitors_) {
    const auto now = steady_clock::now();
    http::FetchRequest request = url;
    request.path += query;
    const auto answer = co_await http::fetch(std::move(request), now + (deadline - now) / left--);
    if (answer && answer->status == 204) continue;
    all = false;
    ++failures_;
    spdlog::warn("saved pages are not removed at {}: {}", name,
                 answer ? std::to_string(answer->status) + " " + answer->body : answer.error());
  }
  co_return all;
}

async<void> Purger::poll() {
  const Call call(steady_clock::now() + kPollInterval, "purge");
  pg::Batch batch = db_.batch(call);
  const auto count = batch.add<std::int64_t>(kQueued);
  co_await batch.send();
  pending_ = count.one().value();
  if (pending_ == 0) co_return;
  pg::Transaction transaction = db_.transaction(call);
  const auto handle = transaction.add<Queued>(kTake);
  const auto taken = co_await transaction.commit();
  if (!taken) co_return;
  const std::vector<Queued> queued = handle.all();
  if (queued.empty()) co_return;
  const bool purged = co_await purge_all(query_of(queued), call.deadline());
  if (purged) co_await done(db_, call, ids_of(queued));
}

async<void> Purger::run() {
  while (true) {
    co_await sleep_for(kPollInterval);
    try {
      co_await poll();
    } catch (const pg::Unavailable&) {
      // without PostgreSQL nothing can be hidden either
    } catch (const std::exception& bug) { spdlog::error("purge: {}", bug.what()); }
  }
}

}  // namespace ms::purge
