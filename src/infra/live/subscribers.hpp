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

/// Who has places; shared by all that are counted in it, since an Admission may outlive the hub.
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
  session::Viewer viewer;              ///< as it was identified last; without session_id and email
  std::vector<Subscription*> streams;  ///< open ones; of guests nobody asks
  std::size_t count = 0;
  bool changed = false;  ///< no longer what `viewer` says: nothing may be opened for it
};

/// One stream. Ten thousand of them are idle: what can be shared is.
struct Subscription {
  Subscription(std::shared_ptr<Member> viewer, std::vector<Position> where, bool anew);
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  Position& position(const Topic& topic);

  std::shared_ptr<Member> member;
  std::shared_ptr<http::Stream> stream;  ///< null before it opens
  std::vector<Position> positions;       ///< how far it is, in the order of its ids
  Subscribers* owner = nullptr;          ///< null when it is not open
  std::uint32_t tick = 0;                ///< which of the heartbeats is its own
  std::uint16_t ticks_left = 0;          ///< until it has to come anew; of members
  std::uint8_t unconfirmed = 0;          ///< marks that were not yet compared with PostgreSQL
  bool reload;                           ///< as soon as all marks are settled
};

/// The streams: how many there may be, that they live, and why they end.
class Subscribers : public std::enable_shared_from_this<Subscribers> {
 public:
  Subscribers(asio::io_context& io, const Config& config, Channels& channels);
  ~Subscribers();
  Subscribers(const Subscribers&) = delete;
  Subscribers& operator=(const Subscribers&) = delete;

  /// Once: the heartbeats begin.
  void start() { arm(); }
  void close() { timer_.cancel(); }
  /// `since`: when the request began, before `viewer` was identified.
  Result<std::shared_ptr<Subscription>> admit(session::Viewer viewer, Deadline since, std::vector<Position> positions,
                                              bool reload);
  void open(const std::shared_ptr<Subscription>& subscription, std::shared_ptr<http::Stream> stream);
  void on_tick(std::function<void(const session::Viewer&)> here) { on_tick_ = std::move(here); }
  void member_changed(MemberId member);
  void members_may_have_changed();
  const StreamCounts& counts() const noexcept { return *counts_; }

 private:
  /// How long a browser waits before it comes back.
  struct Pause {
    int min;  // ms
    int max;
  };
  static const Pause kDefault, kSoon, kSpread;

  std::shared_ptr<Member> member_of(session::Viewer viewer, Deadline since);
  bool changed_after(MemberId member, Deadline since) const;
  std::string retry(Pause pause);
  void leave(Subscription& subscription);
  void end(Subscription& subscription, Pause pause);
  void arm();
  std::uint16_t ticks_to_live();
  void tick();
  void drop_old_changes();

  const Config config_;
  Channels& channels_;
  std::shared_ptr<StreamCounts> counts_ = std::make_shared<StreamCounts>();
  std::shared_ptr<Member> guests_;
  std::function<void(const session::Viewer&)> on_tick_;
  /// When members changed of late, for requests that had begun before.
  std::unordered_map<MemberId, Deadline> changes_;
  Deadline all_changed_{};
  /// Each second one of these gets its heartbeat.
  std::vector<std::vector<std::shared_ptr<Subscription>>> slots_;
  std::size_t cursor_ = 0;
  std::size_t next_ = 0;  ///< where the next stream goes, so that all are equally many
  asio::steady_timer timer_;
  std::minstd_rand random_{std::random_device()()};
  /// An event, because of a comment a browser's script learns nothing.
  const std::shared_ptr<const std::string> heartbeat_ = std::make_shared<const std::string>("event: alive\ndata:\n\n");
};

}  // namespace ms::live
