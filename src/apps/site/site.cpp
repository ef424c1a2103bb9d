#include "apps/site/site.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <charconv>

#include "apps/site/layout.html.hpp"
#include "apps/site/pages/home_memory.hpp"
#include "apps/site/pages/pages.hpp"
#include "apps/site/pages/post_memory.hpp"
#include "features/comments/comments.hpp"
#include "features/likes/likes.hpp"
#include "features/posts/posts.hpp"
#include "features/posts/shown.hpp"
#include "infra/live/hub.hpp"

namespace ms::site {
namespace {

std::chrono::milliseconds remembered(const program::Parts& parts) {
  return std::chrono::milliseconds(parts.settings.site.remember_ms);
}

live::Config live_config(const config::Settings::Live& from) {
  live::Config out;
  out.streams = static_cast<std::size_t>(from.streams);
  out.streams_of_one = static_cast<std::size_t>(from.streams_of_one);
  return out;
}

class Site final : public program::App {
 public:
  explicit Site(program::Parts& parts)
      : parts_(parts),
        views_(parts.db, parts.redis),
        posts_(parts.db, parts.cache, parts.boards, parts.notifications, views_, parts.hints, parts.limiter),
        shown_(parts.io, posts_, remembered(parts)),
        home_(parts.io, posts_, parts.boards, remembered(parts)),
        comments_(parts.db, parts.boards, posts_, parts.notifications, parts.limiter, parts.hints),
        likes_(parts.db, parts.boards, parts.notifications, parts.hints, parts.limiter),
        memory_(parts.io, posts_, shown_, comments_, likes_, remembered(parts)),
        live_board_(parts.db, parts.boards),
        live_post_(parts.db, parts.boards, posts_),
        live_member_(parts.db, parts.boards),
        hub_(parts.io, config::redis_config(parts.settings), parts.keys, live_config(parts.settings.live)),
        endings_(
            parts.io, config::redis_config(parts.settings), {session::Sessions::kChannel},
            [&accounts = parts.accounts](std::string_view, std::string_view member) { accounts.changed(member); },
            [&accounts = parts.accounts](bool) { accounts.changed(""); }) {
    hub_.on_beat([&presence = parts.presence](const session::Viewer& who) { presence.seen(who, now()); });
    hub_.on_hint([this, &known = parts.notifications](const live::Topic* topic) {
      if (topic == nullptr) {
        forget();
        known.forget_all();
      } else if (topic->kind == 'p') {
        shown_.forget(PostId{topic->id});
        memory_.forget(PostId{topic->id});
      } else if (topic->kind == 'b') {
        shown_.forget(BoardId{topic->id});
        home_.forget();
      } else if (topic->kind == 'u') {
        known.changed(UserId{topic->id});
      }
    });
    hub_.add('b', live_board_);
    hub_.add('p', live_post_);
    hub_.add('u', live_member_);
    parts.heard = [this](std::string_view channel, std::string_view payload) { heard(channel, payload); };
    parts.missed = [this] {
      forget();
      posts_.forget_origins();
      hub_.members_may_have_changed();
    };
    parts.sessions.remember_while([this] { return endings_.catch_up(); });
  }

  void add_routes(web::Router& router) override {
    add_home_routes(router, home_, parts_.boards, parts_.presence);
    add_legal_routes(router);
    members::add_login_routes(router, parts_.members, parts_.sessions, std::nullopt);
    notifications::add_site_routes(router, parts_.notifications, parts_.boards);  // before /members/{id}
    members::add_site_routes(router, parts_.members, parts_.sessions, parts_.presence);
    posts::add_site_routes(router, posts_, shown_, parts_.boards, parts_.notifications);
    add_post_page_routes(router, posts_, memory_, comments_, parts_.boards, parts_.notifications);
    comments::add_site_routes(router, comments_, parts_.boards, parts_.notifications);
    likes::add_site_routes(router, likes_, parts_.boards);
    presence::add_site_routes(router, parts_.presence);
    members::add_api_routes(router, parts_.members, parts_.sessions);
    boards::add_api_routes(router, parts_.boards);
    posts::add_api_routes(router, posts_, parts_.boards, parts_.notifications);
    comments::add_api_routes(router, comments_, posts_, parts_.notifications);
    likes::add_api_routes(router, likes_);
    notifications::add_api_routes(router, parts_.notifications);
    presence::add_api_routes(router, parts_.presence);
    add_events_route(router, hub_);
    add_openapi_route(router);
  }

  web::Layout layout() const override { return &site::layout; }

  async<void> prepare(web::Context& ctx) override {
    parts_.presence.asked(ctx.viewer, ctx.client_address.visitor(), ctx.request.header("user-agent"), ctx.now);
    // A stream shows no menu, and must not wait between the session and the hub.
    if (ctx.request.path == kEvents) co_return;
    if (ctx.is_api()) {
      if (ctx.request.path.starts_with("/api/v1/boards/")) co_await parts_.boards.all(ctx.call);  // for gate()
      co_return;
    }
    const auto directory = co_await parts_.boards.all(ctx.call);
    ctx.menu = menu_for(directory, ctx.viewer);
    ctx.bell = co_await parts_.notifications.bell(ctx);
  }

  std::optional<http::Response> gate(const web::Context& ctx) override {
    const auto directory = parts_.boards.last_known();
    return directory ? boards::moved(ctx, *directory) : std::nullopt;
  }
  async<void> background() override { return views_.run(); }
  std::size_t waiting() const noexcept override { return shown_.waiting() + home_.waiting() + memory_.waiting(); }
  async<void> finish() override { return views_.flush(); }

 private:
  void heard(std::string_view channel, std::string_view payload) {
    if (channel == "live") hub_.hint(payload);
    if (channel == "boards") forget();
    if (channel != "members") return;
    forget();  // it may be a name
    UserId member;
    const auto [end, fault] = std::from_chars(payload.data(), payload.data() + payload.size(), member.value);
    const bool one = fault == std::errc() && end == payload.data() + payload.size();
    if (one) parts_.presence.changed(member);
    one ? hub_.member_changed(member) : hub_.members_may_have_changed();
    if (!one) posts_.forget_origins();  // the whole database may be another one
  }

  /// Something that pages show has changed, or may have.
  void forget() {
    shown_.forget();
    home_.forget();
    memory_.forget();
  }

  /// The boards that this visitor may read. Made once for each rank and directory.
  std::shared_ptr<const web::Menu> menu_for(const std::shared_ptr<const boards::Directory>& directory,
                                            const session::Viewer& viewer) {
    Made& made = menus_.at(static_cast<std::size_t>(viewer.rank()));
    if (made.from == directory) return made.menu;
    web::Menu menu;
    for (const boards::Board& board : directory->all()) {
      if (board.readable(viewer)) menu.push_back({board.name, "/boards/" + board.slug});
    }
    made = {directory, std::make_shared<const web::Menu>(std::move(menu))};
    return made.menu;
  }

  struct Made {
    std::shared_ptr<const boards::Directory> from;
    std::shared_ptr<const web::Menu> menu;
  };

  program::Parts& parts_;
  posts::ViewCounter views_;
  posts::Posts posts_;
  posts::Shown shown_;
  HomeMemory home_;
  comments::Comments comments_;
  likes::Likes likes_;
  PostMemory memory_;
  posts::LiveBoard live_board_;
  comments::LivePost live_post_;
  notifications::LiveMember live_member_;
  live::Hub hub_;              // after the sources that it asks
  redis::Subscriber endings_;  // of members' rights and logins
  std::array<Made, 4> menus_;  // by rank
};

}  // namespace

std::unique_ptr<program::App> make(program::Parts& parts) { return std::make_unique<Site>(parts); }

}  // namespace ms::site
