#pragma once
#include <string>
#include <vector>

#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/jobs/jobs.hpp"
#include "infra/pg/db.hpp"

// Replaces stored HTML of an older renderer (markdown::kRendererVersion) after an update, some rows at a time.
namespace ms::posts {

/// A table of texts with their rendered HTML.
struct RenderedTable {
  pg::Query outdated;  ///< ($1 version, $2, $3 the last renderer and id, $4 limit): the next rows, by renderer and id
  pg::Query replace;   ///< ($1 id, $2 HTML, $3 version, $4 the rendered text)
};
RenderedTable rendered_posts();

/// A periodic job: one slice is a batch of one table, with a pause of a second after it. Mentioned members stay linked
/// and are not notified again. Only the HTML of pages changes, so nothing is published: who keeps a page
/// finds another number of the post within a second (ms_pages_changed). The Site may not change hidden or deleted rows;
/// they are rendered in the first period after they are restored. `cursor` is the end of the previous slice; a row that
/// cannot be written is tried once a period.
async<jobs::Outcome> rerender(pg::Db& db, const Call& call, std::vector<RenderedTable> tables, std::string cursor);

}  // namespace ms::posts
