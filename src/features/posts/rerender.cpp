#include "features/posts/rerender.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "infra/io/sleep.hpp"
#include "infra/markdown/markdown.hpp"
#include "infra/pg/transaction.hpp"

namespace ms::posts {
namespace {

constexpr int kRows = 10;  // per batch; the longest post takes some milliseconds
constexpr auto kPause = std::chrono::seconds(1);

constexpr pg::Query kOutdated{"posts.outdated", R"(
  select id, id, renderer::bigint, coalesce(content, ''), content_html from posts
   where renderer < $1::int and (renderer, id) > ($2::bigint, $3::bigint) order by posts.renderer, id limit $4)"};
constexpr pg::Query kReplace{"posts.replace_html", R"(
  update posts set content_html = $2, renderer = $3
   where id = $1 and renderer < $3 and coalesce(content, '') = $4)"};

constexpr pg::Query kPagesChanged{"posts.pages_changed", "select ms_pages_changed($1::bigint[])::text"};

struct Row {
  std::int64_t id;
  std::int64_t post;
  std::int64_t renderer;
  std::string content;
  std::string html;
};

/// The last row that was rendered.
struct Cursor {
  std::size_t table = 0;
  std::int64_t renderer = 0;
  std::int64_t id = 0;
};

/// Parses the output of to_text(); the beginning for any other text.
Cursor parse(const std::string& text) {
  Cursor out;
  const int fields = std::sscanf(text.c_str(), "%zu %ld %ld", &out.table, &out.renderer, &out.id);
  return fields == 3 ? out : Cursor();
}
std::string to_text(const Cursor& cursor) { return fmt::format("{} {} {}", cursor.table, cursor.renderer, cursor.id); }

/// A row that PostgreSQL refuses is logged and skipped: the cursor continues behind it.
async<void> replace(pg::Db& db, const Call& call, const RenderedTable& table, const std::vector<Row>& rows) {
  pg::Transaction transaction = db.transaction(call);
  std::vector<std::int64_t> posts;
  for (const Row& row : rows) {
    posts.push_back(row.post);
    const auto links = markdown::kept_links(row.content, row.html);
    transaction.add(table.replace, row.id, markdown::render(row.content, links).html(), markdown::kRendererVersion,
                    row.content);
    co_await sleep_for(std::chrono::milliseconds(0));  // lets requests run in between
  }
  transaction.add(kPagesChanged, posts);
  try {
    const auto done = co_await transaction.commit();
    if (!done) spdlog::error("rerender: {}", done.error().message.key);
  } catch (const pg::StatementFailed& failure) { spdlog::error("rerender: {}", failure.what()); }
}

}  // namespace

RenderedTable rendered_posts() { return {kOutdated, kReplace}; }

async<jobs::Outcome> rerender(pg::Db& db, const Call& call, std::vector<RenderedTable> tables, std::string cursor) {
  for (Cursor at = parse(cursor); at.table < tables.size(); at = {at.table + 1, 0, 0}) {
    const RenderedTable& table = tables[at.table];
    pg::Batch batch = db.batch(call, pg::Lane::slow);
    const auto handle = batch.add<Row>(table.outdated, markdown::kRendererVersion, at.renderer, at.id, kRows);
    co_await batch.send();
    const std::vector<Row> rows = handle.all();
    if (rows.empty()) continue;
    co_await replace(db, call, table, rows);
    const Cursor last{at.table, rows.back().renderer, rows.back().id};
    co_return jobs::Outcome{.done = false, .payload = to_text(last), .pause = kPause};
  }
  co_return jobs::Outcome();
}

}  // namespace ms::posts
