#pragma once
#include <string>
#include <vector>

#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/jobs/jobs.hpp"
#include "infra/pg/db.hpp"

// Stored HTML that an older renderer made (markdown::kRendererVersion) is replaced after an update, some rows at a
// time.
namespace ms::posts {

/// A table of texts with the HTML made of them.
struct RenderedTable {
  pg::Query outdated;  ///< ($1 version, $2, $3 the last renderer and id, $4 limit): the rows behind, by renderer and id
  pg::Query replace;   ///< ($1 id, $2 HTML, $3 version, $4 the text that it was made of)
};
RenderedTable rendered_posts();

/// A periodic job: one slice is a batch of one table, with a pause of a second after it. Whom a text mentioned stays
/// linked and is not notified again. Nobody's page changes but in its HTML, so nothing is published: what is remembered
/// lasts a second. Rows that are hidden or deleted are not the Site's to change; they are rendered in the first period
/// after they come back. `cursor` is where the slice before ended; a row that cannot be written is tried once a period.
async<jobs::Outcome> rerender(pg::Db& db, const Call& call, std::vector<RenderedTable> tables, std::string cursor);

}  // namespace ms::posts
