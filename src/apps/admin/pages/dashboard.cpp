#include "apps/admin/pages/dashboard.hpp"

#include <boost/json.hpp>

#include "apps/admin/pages/dashboard.html.hpp"
#include "infra/web/context.hpp"

namespace ms::admin {
namespace {

namespace json = boost::json;

constexpr int kNewest = 5;
// Counting members and comments scans all of their index; the counts are cached so that reloads of the page do not
// repeat that.
constexpr auto kFiguresKept = std::chrono::seconds(10);
constexpr std::string_view kFiguresKey = "cache:admin:figures";

constexpr pg::Query kFigures{"dashboard.figures", R"(
  select (select count(*) from users), (select count(*) from users where created_at >= $1),
         (select coalesce(sum(visible_posts), 0)::bigint from boards),
         (select count(*) from posts where created_at >= $1 and visible),
         (select count(*) from comments where visible),
         (select count(*) from comments where created_at >= $1 and visible),
         (select count(*) from sessions where realm = 'site' and expires_at > now()))"};
constexpr pg::Query kNewMembers{"dashboard.new_members",
                                "select id, name, created_at from users order by id desc limit $1"};
constexpr pg::Query kNewPosts{"dashboard.new_posts", R"(
  select p.id, p.title, b.name, p.created_at from posts p join boards b on b.id = p.board_id
   where p.visible and b.read_role <= $2 order by p.id desc limit $1)"};

async<std::string> count(pg::Db& db, const Call& call, Timestamp midnight) {
  pg::Batch batch = db.batch(call, pg::Lane::slow);
  const auto handle = batch.add<Figures>(kFigures, midnight);
  co_await batch.send();
  const Figures f = handle.one().value();
  co_return json::serialize(
      json::array{f.members, f.members_today, f.posts, f.posts_today, f.comments, f.comments_today, f.sessions});
}

/// Parses the text of count(). Throws for any other text; the pipeline logs that and answers with an error.
Figures parse(std::string_view text) {
  const json::value value = json::parse(text);
  const json::array& all = value.as_array();
  const auto at = [&all](std::size_t i) { return all.at(i).as_int64(); };
  return {at(0), at(1), at(2), at(3), at(4), at(5), at(6)};
}

async<http::Response> show_dashboard(web::Context& ctx, pg::Db& db, redis::Client& redis, cache::RedisCache& cache,
                                     presence::Presence& presence) {
  Dashboard board;
  auto fill = [&db, &ctx] { return count(db, ctx.call, seoul_midnight(ctx.now)); };
  const std::string figures = co_await cache.get(ctx.call, std::string(kFiguresKey), kFiguresKept, std::move(fill));
  board.figures = parse(figures);
  board.online = co_await presence.counts(ctx.call, ctx.now);
  pg::Batch batch = db.batch(ctx.call, pg::Lane::slow);
  const auto members = batch.add<NewMember>(kNewMembers, kNewest);
  const auto posts = batch.add<NewPost>(kNewPosts, kNewest, ctx.viewer.rank());
  co_await batch.send();
  board.members = members.all();
  board.posts = posts.all();
  board.postgres = db.state();
  board.redis = redis.state();
  co_return ctx.page({tr("dashboard.title"_msg)}, [&](view::Out& out) { dashboard(out, board, ctx.now); });
}

}  // namespace

void add_dashboard_routes(web::Router& router, pg::Db& db, redis::Client& redis, cache::RedisCache& cache,
                          presence::Presence& presence) {
  router.get("/", [&db, &redis, &cache, &presence](web::Context& ctx) {
    return show_dashboard(ctx, db, redis, cache, presence);
  });
}

}  // namespace ms::admin
