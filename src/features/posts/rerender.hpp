#pragma once
#include <cstdint>
#include <vector>

#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/limit/limiter.hpp"
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

/// One per thread; all threads of all servers together take one batch a second. Whom a text mentioned stays linked and
/// is not notified again. Nobody's page changes but in its HTML, so no hint is sent: what is remembered lasts a second.
/// Rows that are hidden or deleted are not the Site's to change; they are rendered in the first round after they come
/// back.
class Rerenderer {
 public:
  Rerenderer(pg::Db& db, limit::Limiter& limiter, std::vector<RenderedTable> tables);

  /// Begins at once and never ends.
  async<void> run();
  /// One batch; false when nothing was left.
  async<bool> step(const Call& call);

 private:
  struct Walk {
    RenderedTable table;
    std::int64_t renderer = 0;  // of the last row, and its id: a row that cannot be written is tried once a round
    std::int64_t id = 0;
  };

  async<bool> batch(const Call& call, Walk& walk);
  async<bool> turn();

  pg::Db& db_;
  limit::Limiter& limiter_;
  std::vector<Walk> walks_;
};

}  // namespace ms::posts
