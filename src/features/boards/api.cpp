#include <boost/json.hpp>

#include "features/boards/boards.hpp"
#include "infra/web/context.hpp"
#include "infra/web/json_list.hpp"

// The boards that the viewer may read: /api/v1/boards.
namespace ms::boards {
namespace {

namespace json = boost::json;

json::object board_json(const Board& board, const session::Viewer& viewer) {
  return {{"id", board.id.value},
          {"slug", board.slug},
          {"name", board.name},
          {"description", board.description},
          {"kind", name_of(board.kind)},
          {"may_write", board.writable(viewer)},
          {"may_comment", board.commentable(viewer)}};
}

async<http::Response> list(web::Context& ctx, Boards& boards) {
  const auto directory = co_await boards.all(ctx.call);
  json::array items;
  for (const Board& board : directory->all()) {
    if (board.readable(ctx.viewer)) items.push_back(board_json(board, ctx.viewer));
  }
  const auto total = static_cast<std::int64_t>(items.size());
  co_return ctx.json(200, web::json_list(std::move(items), 1, 1, total));
}

}  // namespace

void add_api_routes(web::Router& router, Boards& boards) {
  router.get("/api/v1/boards", [&boards](web::Context& ctx) { return list(ctx, boards); });
}

}  // namespace ms::boards
