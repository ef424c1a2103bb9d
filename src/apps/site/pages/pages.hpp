#pragma once
#include "features/boards/boards.hpp"
#include "features/comments/comments.hpp"
#include "features/posts/page_cache.hpp"
#include "features/posts/posts.hpp"
#include "features/presence/presence.hpp"
#include "infra/live/hub.hpp"
#include "infra/web/router.hpp"

// Pages that show more than one feature and so belong to none.
namespace ms::site {

class HomePageCache;
/// GET /
void add_home_routes(web::Router& router, HomePageCache& cache, boards::Boards& boards, presence::Presence& presence);
/// GET /terms, /privacy
void add_legal_routes(web::Router& router);
/// GET /boards/{slug}/{id}: a post with its comments; POST /posts/{id}/comments, which shows it again on errors.
class PostPageCache;
void add_post_page_routes(web::Router& router, posts::Posts& posts, PostPageCache& cache, comments::Comments& comments,
                          boards::Boards& boards, notifications::Notifications& notifications);
/// GET /events?topics=p34:5,u7:41 or with Last-Event-ID: streams what is new there, until either side closes.
inline constexpr std::string_view kEvents = "/events";
void add_events_route(web::Router& router, live::Hub& hub);
/// GET /api/v1/openapi.json
void add_openapi_route(web::Router& router);

}  // namespace ms::site
