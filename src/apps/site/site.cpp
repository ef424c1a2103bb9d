#include "apps/site/site.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <iterator>
#include <vector>

#include "apps/site/invalidation.hpp"
#include "apps/site/layout.html.hpp"
#include "apps/site/pages/home_page_cache.hpp"
#include "apps/site/pages/pages.hpp"
#include "apps/site/pages/post_page_cache.hpp"
#include "features/comments/comments.hpp"
#include "features/files/files.hpp"
#include "features/files/uploads.hpp"
#include "features/likes/likes.hpp"
#include "features/posts/page_cache.hpp"
#include "features/posts/posts.hpp"
#include "infra/live/hub.hpp"

namespace ms::site {
namespace {

std::chrono::milliseconds remembered(const program::Services& services) {
  return std::chrono::milliseconds(services.settings.site.remember_ms);
}

std::size_t megabytes(int count) { return static_cast<std::size_t>(count) << 20; }

files::Limits file_limits(const config::Settings::Files& from) {
  constexpr std::int64_t kMegabyte = 1 << 20;
  return {.file_bytes = from.file_mb * kMegabyte,
          .member_bytes = from.member_gb * 1024 * kMegabyte,
          .site_bytes = from.site_gb * 1024 * kMegabyte};
}

live::Config live_config(const config::Settings::Live& from) {
  live::Config out;
  out.streams = static_cast<std::size_t>(from.streams);
  out.max_streams_per_member = static_cast<std::size_t>(from.max_streams_per_member);
  return out;
}

class Site final : public program::App {
 public:
  explicit Site(program::Services& services)
      : services_(services),
        files_(services.db, services.boards, services.writer, file_limits(services.settings.files)),
        uploads_(files_, services.store),
        views_(services.db, services.redis),
        posts_(services.db, services.cache, services.boards, views_, services.limiter, services.writer),
        page_cache_(posts_, remembered(services)),
        home_page_cache_(posts_, services.boards, remembered(services)),
        comments_(services.db, services.boards, posts_, services.limiter, services.publisher, services.writer),
        likes_(services.db, services.boards, services.limiter, services.writer),
        post_page_cache_(services.db, posts_, comments_, likes_,
                         {.ttl = remembered(services), .max_bytes = megabytes(services.settings.site.post_pages_mb)}),
        hub_(services.io, config::redis_config(services.settings), services.keys, live_config(services.settings.live)),
        invalidation_(services, {page_cache_, home_page_cache_, post_page_cache_, posts_, hub_}) {
    hub_.on_tick(
        [&presence = services.presence](const session::Viewer& viewer) { presence.record_stream(viewer, now()); });
  }

  void add_routes(web::Router& router) override {
    add_home_routes(router, home_page_cache_, services_.boards, services_.presence);
    add_legal_routes(router);
    members::add_login_routes(router, services_.members, services_.sessions, std::nullopt);
    notifications::add_site_routes(router, services_.notifications, services_.boards);  // before /members/{id}
    members::add_site_routes(router, services_.members, services_.sessions, services_.presence);
    posts::add_site_routes(router, posts_, page_cache_, services_.boards, files_, services_.notifications);
    add_post_page_routes(router, posts_, post_page_cache_, comments_, services_.boards, services_.notifications);
    comments::add_site_routes(router, comments_, services_.boards, services_.notifications);
    likes::add_site_routes(router, likes_, services_.boards);
    presence::add_site_routes(router, services_.presence);
    members::add_api_routes(router, services_.members, services_.sessions);
    boards::add_api_routes(router, services_.boards);
    posts::add_api_routes(router, posts_, services_.boards, services_.notifications);
    comments::add_api_routes(router, comments_, posts_, services_.notifications);
    likes::add_api_routes(router, likes_);
    notifications::add_api_routes(router, services_.notifications);
    presence::add_api_routes(router, services_.presence);
    files::add_upload_routes(router, uploads_, std::chrono::days(services_.settings.files.keep_days));
    files::add_site_routes(router, files_, services_.store);
    files::add_avatar_routes(router, files_, services_.store);
    add_events_route(router, hub_);
    add_openapi_route(router);
  }

  std::unique_ptr<web::FileReceiver> receive_files(web::Context& ctx) override {
    return uploads_.receive_form(ctx, services_.boards);
  }

  web::Layout layout() const override { return &site::layout; }

  async<void> prepare(web::Context& ctx) override {
    services_.presence.record_request(ctx.viewer, ctx.client_address.visitor(), ctx.request.header("user-agent"),
                                      ctx.now);
    // A stream shows no menu, and must not wait between the session and the hub.
    if (ctx.request.path == kEvents) co_return;
    if (ctx.is_api()) {
      if (ctx.request.path.starts_with("/api/v1/boards/")) co_await services_.boards.all(ctx.call);  // for gate()
      co_return;
    }
    const auto directory = co_await services_.boards.all(ctx.call);
    ctx.menu = menu_for(directory, ctx.viewer);
    ctx.bell = co_await services_.notifications.bell(ctx);
  }

  std::optional<http::Response> gate(const web::Context& ctx) override {
    const auto directory = services_.boards.last_read();
    return directory ? boards::moved(ctx, *directory) : std::nullopt;
  }
  async<void> background() override {
    asio::co_spawn(services_.io, post_page_cache_.run(), asio::detached);
    return views_.run();
  }
  std::size_t waiting() const noexcept override {
    return page_cache_.waiting() + home_page_cache_.waiting() + post_page_cache_.waiting();
  }
  std::vector<cache::LocalCacheStats> cache_stats() const override {
    std::vector<cache::LocalCacheStats> out{posts_.cache_stats(), home_page_cache_.cache_stats(),
                                            page_cache_.cache_stats()};
    std::ranges::copy(post_page_cache_.cache_stats(), std::back_inserter(out));
    return out;
  }
  async<void> finish() override { return views_.flush(); }

 private:
  /// The boards that this visitor may read. Made once for each rank and directory.
  std::shared_ptr<const web::Menu> menu_for(const std::shared_ptr<const boards::Directory>& directory,
                                            const session::Viewer& viewer) {
    MenuOfDirectory& made = menus_.at(static_cast<std::size_t>(viewer.rank()));
    if (made.from == directory) return made.menu;
    web::Menu menu;
    for (const boards::Board& board : directory->all()) {
      if (board.readable(viewer)) menu.push_back({board.name, "/boards/" + board.slug});
    }
    made = {directory, std::make_shared<const web::Menu>(std::move(menu))};
    return made.menu;
  }

  struct MenuOfDirectory {
    std::shared_ptr<const boards::Directory> from;
    std::shared_ptr<const web::Menu> menu;
  };

  program::Services& services_;
  files::Files files_;
  files::Uploads uploads_;
  posts::ViewCounter views_;
  posts::Posts posts_;
  posts::PageCache page_cache_;
  HomePageCache home_page_cache_;
  comments::Comments comments_;
  likes::Likes likes_;
  PostPageCache post_page_cache_;
  live::Hub hub_;
  Invalidation invalidation_;             // after what it empties
  std::array<MenuOfDirectory, 4> menus_;  // by rank
};

}  // namespace

std::unique_ptr<program::App> make(program::Services& services) { return std::make_unique<Site>(services); }

}  // namespace ms::site
