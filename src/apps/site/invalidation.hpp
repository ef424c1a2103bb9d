#pragma once
#include <string_view>

#include "apps/program/app.hpp"
#include "apps/site/pages/home_page_cache.hpp"
#include "apps/site/pages/post_page_cache.hpp"
#include "features/posts/page_cache.hpp"
#include "features/posts/posts.hpp"
#include "infra/live/hub.hpp"

namespace ms::site {

/// What a change may concern on this thread of the Site, beside what Services keep for both programs.
struct Caches {
  posts::PageCache& lists;
  HomePageCache& home;
  PostPageCache& post_pages;
  posts::Posts& index;
  live::Hub& streams;
};

/// Hears of changes on all servers and empties what they concern on this thread, and gives the hub its topics. The
/// table of both stands in invalidation.cpp.
class Invalidation {
 public:
  /// Hears from now on; both outlive it.
  Invalidation(program::Services& services, Caches caches);
  Invalidation(const Invalidation&) = delete;
  Invalidation& operator=(const Invalidation&) = delete;

 private:
  void on_publish(const live::Topic* topic);
  void on_notify(std::string_view channel, std::string_view payload);

  program::Services& services_;
  Caches caches_;
  redis::Subscriber revocations_;  ///< of members' rights and logins
};

}  // namespace ms::site
