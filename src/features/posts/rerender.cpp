#include "features/posts/rerender.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <string>
#include <utility>

#include "infra/io/sleep.hpp"
#include "infra/markdown/markdown.hpp"

namespace ms::posts {
namespace {

constexpr int kRows = 10;  // at once; the longest post takes some milliseconds
constexpr auto kPause = std::chrono::seconds(1);
constexpr auto kRound = std::chrono::minutes(10);
constexpr auto kTime = std::chrono::seconds(10);
constexpr limit::Rule kTurn{"rerender", 1, kPause};

constexpr pg::Query kOutdated{"posts.outdated", R"(
  select id, renderer::bigint, coalesce(content, ''), content_html from posts
   where renderer < $1::int and (renderer, id) > ($2::bigint, $3::bigint) order by renderer, id limit $4)"};
constexpr pg::Query kReplace{"posts.replace_html", R"(
  update posts set content_html = $2, renderer = $3
   where id = $1 and renderer < $3 and coalesce(content, '') = $4)"};

struct Row {
  std::int64_t id;
  std::int64_t renderer;
  std::string content;
  std::string html;
};

}  // namespace

RenderedTable rendered_posts() { return {kOutdated, kReplace}; }

Rerenderer::Rerenderer(pg::Db& db, limit::Limiter& limiter, std::vector<RenderedTable> tables)
    : db_(db), limiter_(limiter) {
  for (const RenderedTable& table : tables) walks_.push_back({table});
}

async<bool> Rerenderer::batch(const Call& call, Walk& walk) {
  pg::Batch batch = db_.batch(call, pg::Lane::slow);
  const auto slot = batch.add<Row>(walk.table.outdated, markdown::kRendererVersion, walk.renderer, walk.id, kRows);
  co_await batch.send();
  const std::vector<Row> rows = slot.all();
  if (rows.empty()) {
    walk.renderer = walk.id = 0;
    co_return false;
  }
  pg::Unit unit = db_.unit(call);
  for (const Row& row : rows) {
    const auto links = markdown::kept_links(row.content, row.html);
    unit.add(walk.table.replace, row.id, markdown::render(row.content, links).html(), markdown::kRendererVersion,
             row.content);
    co_await sleep_for(std::chrono::milliseconds(0));  // requests come between
  }
  walk.renderer = rows.back().renderer;
  walk.id = rows.back().id;
  const auto done = co_await unit.send();
  if (!done) spdlog::error("rerender: {}", done.error().message.key);
  co_return true;
}

async<bool> Rerenderer::step(const Call& call) {
  for (Walk& walk : walks_) {
    const bool some = co_await batch(call, walk);
    if (some) co_return true;
  }
  co_return false;
}

/// One turn, if it is this thread's; false when there is nothing to do for long.
async<bool> Rerenderer::turn() {
  const Call call(std::chrono::steady_clock::now() + kTime, "rerender");
  bool more = true;
  try {
    const bool mine = co_await limiter_.allow(call, kTurn, "all");
    if (mine) more = co_await step(call);
  } catch (const pg::Unavailable&) {
    // another time, or another server
  } catch (const std::exception& bug) {
    spdlog::error("rerender: {}", bug.what());
    more = false;
  }
  co_return more;
}

async<void> Rerenderer::run() {
  while (true) {
    const bool more = co_await turn();
    if (more) {
      co_await sleep_for(kPause);
    } else {
      co_await sleep_for(kRound);
    }
  }
}

}  // namespace ms::posts
