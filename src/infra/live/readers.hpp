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

class Feeds;
class Readers;
struct Member;

/// Who has places; shared by all that are counted in it, since an Admission may outlive the hub.
struct Places {
  std::size_t taken = 0;
  std::unordered_map<UserId, std::weak_ptr<Member>> members;
};

/// What the streams of one member share; all guests are one.
struct Member {
  explicit Member(std::shared_ptr<Places> counted) : places(std::move(counted)) {}
  ~Member();
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  std::shared_ptr<Places> places;
  session::Viewer viewer;        ///< as it was identified last; without session_id and email
  std::vector<Reader*> streams;  ///< open ones; of guests nobody asks
  std::size_t taken = 0;
  bool changed = false;  ///< no longer what `viewer` says: nothing may be opened for it
};

/// One stream. Ten thousand of them are idle: what can be shared is.
struct Reader {
  Reader(std::shared_ptr<Member> who, std::vector<Mark> where, bool anew);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Mark& mark(const Topic& topic);

  std::shared_ptr<Member> member;
  std::shared_ptr<http::Stream> stream;  ///< null before it opens
  std::vector<Mark> marks;               ///< how far it is, in the order of its ids
  Readers* home = nullptr;               ///< null when it is not open
  std::uint32_t beat = 0;                ///< which of the heartbeats is its own
  std::uint16_t beats_left = 0;          ///< until it has to come anew; of members
  std::uint8_t unsettled = 0;            ///< marks that were not yet compared with PostgreSQL
  bool reload;                           ///< as soon as all marks are settled
};

/// The streams: how many there may be, that they live, and why they end.
class Readers : public std::enable_shared_from_this<Readers> {
 public:
  Readers(asio::io_context& io, const Config& config, Feeds& feeds);
  ~Readers();
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  /// Once: the heartbeats begin.
  void start() { arm(); }
  void close() { timer_.cancel(); }
  /// `since`: when the request began, before `viewer` was identified.
  Result<std::shared_ptr<Reader>> admit(session::Viewer viewer, Deadline since, std::vector<Mark> marks, bool reload);
  void open(const std::shared_ptr<Reader>& reader, std::shared_ptr<http::Stream> stream);
  void on_beat(std::function<void(const session::Viewer&)> here) { here_ = std::move(here); }
  void member_changed(UserId member);
  void members_may_have_changed();
  const Places& places() const noexcept { return *places_; }

 private:
  /// How long a browser waits before it comes back.
  struct Pause {
    int least;  // ms
    int most;
  };
  static const Pause kUsual, kSoon, kSpread;

  std::shared_ptr<Member> member_of(session::Viewer viewer, Deadline since);
  bool changed_after(UserId member, Deadline since) const;
  std::string retry(Pause pause);
  void leave(Reader& reader);
  void end(Reader& reader, Pause pause);
  void arm();
  std::uint16_t beats_to_live();
  void beat();
  void drop_old_changes();

  const Config config_;
  Feeds& feeds_;
  std::shared_ptr<Places> places_ = std::make_shared<Places>();
  std::shared_ptr<Member> guests_;
  std::function<void(const session::Viewer&)> here_;
  /// When members changed of late, for requests that had begun before.
  std::unordered_map<UserId, Deadline> changes_;
  Deadline all_changed_{};
  /// Each second one of these gets its heartbeat.
  std::vector<std::vector<std::shared_ptr<Reader>>> beats_;
  std::size_t hand_ = 0;
  std::size_t next_ = 0;  ///< where the next stream goes, so that all are equally many
  asio::steady_timer timer_;
  std::minstd_rand random_{std::random_device()()};
  /// An event, because of a comment a browser's script learns nothing.
  const std::shared_ptr<const std::string> heartbeat_ = std::make_shared<const std::string>("event: alive\ndata:\n\n");
};

}  // namespace ms::live
