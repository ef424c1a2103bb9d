#pragma once
#include <string_view>

#include "apps/program/app.hpp"
#include "apps/site/pages/home_page_cache.hpp"
#include "apps/site/pages/post_page_cache.hpp"
#include "features/posts/page_cache.hpp"
#include "features/posts/posts.hpp"
#include "infra/live/hub.hpp"

namespace ms::site {

/// The caches of this thread of the Site, besides those that Services has for both programs.
struct Caches {
  posts::PageCache& lists;
  HomePageCache& home;
  PostPageCache& post_pages;
  posts::Posts& index;
  live::Hub& streams;
};

/// Receives the changes of all servers, invalidates this thread's caches, and gives the hub its topics.
/// invalidation.cpp has the table of topics, and of which change invalidates which cache.
class Invalidation {
 public:
  /// Starts to receive. Both arguments must outlive it.
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
