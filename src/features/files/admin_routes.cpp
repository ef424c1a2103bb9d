#include "features/files/admin_page.html.hpp"
#include "features/files/admin_pages.hpp"
#include "features/files/files.hpp"
#include "infra/web/context.hpp"

namespace ms::files {
namespace {

constexpr std::size_t kRows = 50;

constexpr pg::Query kSpace{"files.space", R"(
  select count(*), coalesce(sum(size), 0)::bigint, count(*) filter (where not used),
         coalesce(sum(size) filter (where not used), 0)::bigint,
         (select coalesce(sum(size), 0)::bigint from attachments where post_id is null and deleted_at is null),
         count(*) filter (where state = 2)
    from (select size, state, exists (select from attachments a where a.file_id = f.id)
            or exists (select from users u where u.avatar_file_id = f.id) as used from files f) each)"};
constexpr pg::Query kOwners{"files.owners", R"(
  select u.id, u.name, t.attachments, t.bytes
    from (select owner_id, count(*) as attachments, sum(size)::bigint as bytes from attachments where deleted_at is null group by owner_id
           order by bytes desc limit 10) t
    join users u on u.id = t.owner_id order by t.bytes desc)"};
constexpr pg::Query kRowsOfPosts{"files.admin_rows", R"(
  select a.id, a.name, a.size, a.owner_id, u.name, p.id, p.title, a.created_at
    from attachments a join posts p on p.id = a.post_id join boards b on b.id = p.board_id join users u on u.id = a.owner_id
   where a.deleted_at is null and p.deleted_at is null and b.read_role <= $1 and ($2::bigint = 0 or a.id < $2)
   order by a.id desc limit $3)"};

async<http::Response> show(web::Context& ctx, pg::Db& db, std::int64_t site_bytes) {
  if (!ctx.viewer.may(session::Permission::moderate)) {
    co_return ctx.error_response(Error(ErrorCode::forbidden, "error.forbidden"_msg));
  }
  pg::Batch batch = db.batch(ctx.call, pg::Lane::slow);
  const auto space = batch.add<Space>(kSpace);
  const auto owners = batch.add<OwnerSpace>(kOwners);
  const auto handle = batch.add<AdminRow>(kRowsOfPosts, ctx.viewer.rank(), ctx.query().number("before").value_or(0),
                                          static_cast<std::int64_t>(kRows + 1));
  co_await batch.send();
  auto rows = handle.all();
  const bool more = rows.size() > kRows;
  if (more) rows.pop_back();
  const auto links = web::page_links("/files", ctx.query(), more, rows.empty() ? 0 : rows.back().id);
  const Space stored = space.one().value_or(Space());
  const auto largest = owners.all();
  const AdminPage page{stored, site_bytes, largest, rows, links, ctx.now};
  co_return ctx.page({tr("files_admin.title"_msg)}, [&](view::Out& out) { admin_page(out, page); });
}

}  // namespace

void add_admin_routes(web::Router& router, pg::Db& db, std::int64_t site_bytes) {
  router.get("/files", [&db, site_bytes](web::Context& ctx) { return show(ctx, db, site_bytes); });
}

}  // namespace ms::files
