#pragma once
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <random>
#include <unordered_map>
#include <vector>

#include "infra/core/id.hpp"
#include "infra/core/result.hpp"
#include "infra/http/stream.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/live/hub.hpp"
#include "infra/live/topic.hpp"
#include "infra/session/viewer.hpp"

namespace ms::live {

class Channels;
class Subscribers;
struct Member;

/// How many streams there are; shared by all that it counts, since an Admission may outlive the hub.
struct StreamCounts {
  std::size_t count = 0;
  std::unordered_map<MemberId, std::weak_ptr<Member>> members;
};

/// What the streams of one member share; all guests are one.
struct Member {
  explicit Member(std::shared_ptr<StreamCounts> counted) : counts(std::move(counted)) {}
  ~Member();
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  std::shared_ptr<StreamCounts> counts;
  session::Viewer viewer;              ///< of the latest authentication; without session_id and email
  std::vector<Subscription*> streams;  ///< the open ones; always empty for guests
  std::size_t count = 0;
  bool changed = false;  ///< `viewer` is out of date: no stream may open with it
};

/// One stream. There are ten thousand idle ones, so they share what they can.
struct Subscription {
  Subscription(std::shared_ptr<Member> owner, std::vector<Position> begin, bool reload_page);
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  Position& position(const Topic& topic);

  std::shared_ptr<Member> member;
  std::shared_ptr<http::Stream> stream;  ///< null before it opens
  std::vector<Position> positions;       ///< in the order of its topics
  Subscribers* owner = nullptr;          ///< null when it is not open
  std::uint32_t slot = 0;                ///< of the timer wheel
  std::uint16_t ticks_left = 0;          ///< until it ends and reconnects; for members
  std::uint8_t unconfirmed = 0;          ///< positions that were not yet compared with PostgreSQL
  bool reload;                           ///< send a reload as soon as all positions are confirmed
};

/// The open streams: their limits, their heartbeats and why they end.
class Subscribers : public std::enable_shared_from_this<Subscribers> {
 public:
  Subscribers(asio::io_context& io, const Config& config, Channels& channels);
  ~Subscribers();
  Subscribers(const Subscribers&) = delete;
  Subscribers& operator=(const Subscribers&) = delete;

  /// Begins the heartbeats; call once.
  void start() { arm(); }
  void close() { timer_.cancel(); }
  /// `since`: when the request began, before `viewer` was identified.
  Result<std::shared_ptr<Subscription>> admit(session::Viewer viewer, Deadline since, std::vector<Position> positions,
                                              bool reload);
  void open(const std::shared_ptr<Subscription>& subscription, std::shared_ptr<http::Stream> stream);
  void on_tick(std::function<void(const session::Viewer&)> handler) { on_tick_ = std::move(handler); }
  void member_changed(MemberId member);
  void members_may_have_changed();
  const StreamCounts& counts() const noexcept { return *counts_; }

 private:
  /// How long a browser waits before it reconnects.
  struct Delay {
    int min;  // ms
    int max;
  };
  static const Delay kDefaultDelay, kShortDelay, kSpreadDelay;

  std::shared_ptr<Member> find_or_add(session::Viewer viewer, Deadline since);
  bool changed_after(MemberId member, Deadline since) const;
  std::string retry(Delay delay);
  void leave(Subscription& subscription);
  void end(Subscription& subscription, Delay delay);
  void arm();
  std::uint16_t ticks_until_end();
  void tick();
  void drop_old_changes();

  const Config config_;
  Channels& channels_;
  std::shared_ptr<StreamCounts> counts_ = std::make_shared<StreamCounts>();
  std::shared_ptr<Member> guests_;
  std::function<void(const session::Viewer&)> on_tick_;
  /// When members changed recently, for requests that began before.
  std::unordered_map<MemberId, Deadline> changes_;
  Deadline all_changed_{};
  /// A timer wheel: each second, the streams of the next slot get their heartbeat.
  std::vector<std::vector<std::shared_ptr<Subscription>>> slots_;
  std::size_t cursor_ = 0;
  std::size_t next_ = 0;  ///< which slot the next stream gets, so that all are equally full
  asio::steady_timer timer_;
  std::minstd_rand random_{std::random_device()()};
  /// An event, because a browser's script does not see a comment.
  const std::shared_ptr<const std::string> heartbeat_ = std::make_shared<const std::string>("event: alive\ndata:\n\n");
};

}  // namespace ms::live
