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
  std::size_t streams = 12'000;             ///< on this thread; more are refused (Code::unavailable)
  std::size_t max_streams_per_member = 12;  ///< of one member on this thread alone; more are refused (Code::too_many)
  std::chrono::milliseconds sweep{2'000};   ///< how long a lost hint may delay anything
  std::chrono::seconds heartbeat{10};       ///< a stream says that it lives; must be shorter than Nginx's read timeout
  std::chrono::seconds max_age{30 * 60};    ///< a member's stream ends after half of it or later, to be identified anew
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
  /// `keys`: those of Publisher.
  Hub(asio::io_context& io, const redis::Config& redis, const secret::Keyring& keys, Config config);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  /// Before the first stream; the source must outlive the hub.
  void add(char kind, Source& source);
  /// Called for each stream when it opens and with each of its heartbeats: its reader is here. Must not throw. The
  /// viewer has no session_id and no email: the hub keeps neither.
  void on_tick(std::function<void(const session::Viewer&)> here);

  /// Called for each topic that a hint names, followed here or not, and with null when some may have been missed: for
  /// whoever remembers anything of one. Must not throw.
  void on_publish(std::function<void(const Topic*)> told);

  /// A stream's place, given back by its end, or when it is dropped without having been opened.
  struct Admission {
    std::shared_ptr<Subscription> subscription;
  };
  /// Before the answer begins: refused when there is no room, when the member has too many, or as the source refuses
  /// a topic. `marks` is where the reader stands; what is not to be believed (the future, another member's "u", and
  /// all of it with `reload`) is put right, and the reader told to reload. Whoever changed since the request began is
  /// admitted, and ends when it opens: `viewer` may be what the member was before.
  async<Result<Admission>> admit(const Call& call, session::Viewer viewer, std::vector<Position> positions,
                                 bool reload);
  /// As soon as the head of the answer is written.
  void open(Admission admission, std::shared_ptr<http::Stream> stream);

  /// A hint, however it came: topics "p34,u7", or "p34 what" for a whisper. Anything else is ignored.
  void on_message(std::string_view message);
  /// This member's rights may have changed: its streams end, and come back soon as what it is now.
  void member_changed(MemberId member);
  /// Changes of members may have been missed: the same for all members' streams, which come back spread over seconds.
  void members_may_have_changed();

  State state() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ms::live
