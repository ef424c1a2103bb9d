#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "infra/core/id.hpp"
#include "infra/core/keyring.hpp"
#include "infra/core/result.hpp"
#include "infra/http/stream.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/live/source.hpp"
#include "infra/live/topic.hpp"
#include "infra/redis/client.hpp"
#include "infra/session/viewer.hpp"

namespace ms::live {

struct Config {
  std::size_t streams = 12'000;             ///< on this thread; more fail with unavailable
  std::size_t max_streams_per_member = 12;  ///< on this thread; more fail with too_many
  std::chrono::milliseconds sweep{2'000};   ///< how long a lost publication may delay an event
  std::chrono::seconds heartbeat{10};       ///< between two of a stream; must be shorter than Nginx's read timeout
  std::chrono::seconds max_age{30 * 60};  ///< a member's stream ends between half of it and this, to authenticate again
};

struct State {
  std::size_t streams = 0;  ///< admitted or open
  std::size_t members = 0;  ///< different ones
  std::size_t topics = 0;
  bool subscribed_by_redis = false;
};

struct Subscription;

/// The open streams of one thread and the topics that they follow. See docs/decisions/0015-live.md.
class Hub {
 public:
  /// `keys`: the Publisher's.
  Hub(asio::io_context& io, const redis::Config& redis, const secret::Keyring& keys, Config config);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  /// Call before the first stream.
  void add(char kind, std::shared_ptr<Source> source);
  /// The handler is called when a stream opens and with each of its heartbeats: its viewer is present. It must not
  /// throw. The viewer has no session_id and no email, because the hub stores neither.
  void on_tick(std::function<void(const session::Viewer&)> handler);

  /// The handler is called for each published topic, followed here or not, and with null when publications may have
  /// been missed: caches use it to invalidate. It must not throw.
  void on_publish(std::function<void(const Topic*)> handler);

  /// One of the streams that the limits allow; freed when the stream ends, or with an Admission that is not opened.
  struct Admission {
    std::shared_ptr<Subscription> subscription;
  };
  /// Call before the response begins. Unexpected: unavailable (the thread has no room), too_many (of this member), or
  /// the source's error for a topic. `positions` is where the page is; false positions (the future, another member's
  /// own topic, and all of them with `reload`) are corrected, and the browser is asked to reload. The stream of a
  /// member who changed since the request began is admitted and ends when it opens, because `viewer` may be out of
  /// date.
  async<Result<Admission>> admit(const Call& call, session::Viewer viewer, std::vector<Position> positions,
                                 bool reload);
  /// Call as soon as the head of the response is written.
  void open(Admission admission, std::shared_ptr<http::Stream> stream);

  /// A message from Redis or PostgreSQL: topics "p34,u7", or "p34 what" for a transient. Anything else is ignored.
  void on_message(std::string_view message);
  /// This member's rights may have changed: the member's streams end, and soon come back with the new rights.
  void member_changed(MemberId member);
  /// Changes of members may have been missed: all members' streams end, and come back spread over seconds.
  void members_may_have_changed();

  State state() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ms::live
