// A topic's readers may stand at different numbers. Each asking begins at the lowest of them, so one answer serves
// all: a reader gets what is above its own number. Who comes while an asking runs is not served by it, since it may
// stand below where that one began, but by the next. So there is no second way for those who catch up, and a thousand
// readers who come back at once are served together.
#include "infra/live/feeds.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <limits>
#include <optional>
#include <utility>

#include "infra/core/invariant.hpp"
#include "infra/io/call.hpp"
#include "infra/io/sleep.hpp"
#include "infra/live/readers.hpp"
#include "infra/live/round.hpp"
#include "infra/pg/db.hpp"

namespace ms::live {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr asio::use_awaitable_t<asio::io_context::executor_type> kAwait{};
constexpr milliseconds kTimeOfAsking{2000};
constexpr milliseconds kSweepWithoutRedis{500};
constexpr std::size_t kMostSwept = 5000;  // topics of one query
constexpr std::size_t kMostWhispers = 8;  // of one round; more are lost
// A few times what an event costs to send (4 µs): a topic with many readers gathers what comes meanwhile instead of
// lagging behind, and takes at most a third of the thread.
constexpr microseconds kPauseOfReader{10};
constexpr microseconds kLongestPause{50'000};

/// What readers got once never comes again, and nothing is passed over.
void check_order(std::int64_t from, const News& news) {
  std::int64_t last = from;
  for (const Change& change : news.changes) {
    invariant(change.number >= last, "changes do not ascend from where they were asked for");
    last = change.number;
  }
  invariant(news.changes.empty() || last <= news.number, "a change lies above its topic's latest number");
}

}  // namespace

struct Feeds::Feed {
  enum class State : std::uint8_t {
    joining,  // since the asking that runs began, or there was none yet
    asked,    // the asking that runs is for it too
    settled,  // nothing of what PostgreSQL had by then is missing
  };
  struct Follower {
    Reader* reader;
    State state;
  };

  Feed(const Topic& followed, Source& asked) : topic(followed), source(asked) {}

  bool has_work() const { return !followers.empty() && (hinted || newcomers || !whispers.empty()); }
  std::int64_t begin_asking();
  void give_up();
  void deliver(std::int64_t from, News news);
  void murmur();

  const Topic topic;
  Source& source;
  std::vector<Follower> followers;
  std::vector<Change> whispers;
  std::optional<std::int64_t> number;  // the lowest of those who are settled
  bool newcomers = false;              // some are not settled
  bool hinted = false;                 // there may be something above `number`
  bool running = false;
};

/// Where to begin, so that nobody who is there by now misses anything.
std::int64_t Feeds::Feed::begin_asking() {
  hinted = false;
  newcomers = false;
  std::int64_t from = number.value_or(std::numeric_limits<std::int64_t>::max());
  for (Follower& follower : followers) {
    if (follower.state == State::settled) continue;
    follower.state = State::asked;
    from = std::min(from, follower.reader->mark(topic).number);
  }
  return from;
}

/// Whoever was not served is asked for again, also when that ended in the middle.
void Feeds::Feed::give_up() {
  number.reset();
  for (const Follower& follower : followers) {
    if (follower.state != State::settled) {
      newcomers = true;
      continue;
    }
    const std::int64_t stands = follower.reader->mark(topic).number;
    number = std::min(number.value_or(stands), stands);
  }
}

void Feeds::Feed::deliver(std::int64_t from, News news) {
  // A source that gives nothing above where it was asked would be asked for ever.
  const bool more = news.more && !news.changes.empty() && news.changes.back().number > from;
  const std::int64_t reached = more ? news.changes.back().number : news.number;
  Round round(std::exchange(whispers, {}), std::move(news.changes));
  number.reset();
  for (Follower& follower : followers) {
    if (follower.state == State::joining) continue;
    Reader& reader = *follower.reader;
    Mark& mark = reader.mark(topic);
    const std::int64_t before = mark.number;
    const bool fresh = follower.state == State::asked;
    const bool future = before > news.number;  // of a page that never was, or of commits that a failover lost
    if (more && fresh && before > from && !future) {
      newcomers = true;  // may need fewer than who began lower: it has a turn of its own
      continue;
    }
    if (future || (more && fresh)) reader.reload = true;
    mark.number = reader.reload ? news.number : std::max(before, reached);
    invariant(reader.reload || mark.number >= before, "a position fell without a reload");
    number = std::min(number.value_or(mark.number), mark.number);
    follower.state = State::settled;
    if (fresh) --reader.unsettled;
    if (!reader.reload) {
      const Bytes event = round.event(reader.member->viewer, before, reader.marks);
      if (event) reader.stream->send(event);
    } else if (reader.unsettled == 0) {
      reader.reload = false;
      reader.stream->send(reload_event(reader.marks));
    }
  }
  if (number && *number < news.number) hinted = true;
}

/// Whispers alone need no asking.
void Feeds::Feed::murmur() {
  Round round(std::exchange(whispers, {}), {});
  for (const Follower& follower : followers) {
    Reader& reader = *follower.reader;
    const Bytes event = round.event(reader.member->viewer, 0, reader.marks);
    if (event) reader.stream->send(event);
  }
}

std::size_t Feeds::Hash::operator()(const Topic& topic) const noexcept {
  return std::hash<std::int64_t>()(topic.id * 128 + topic.kind);
}

Feeds::Feeds(asio::io_context& io, milliseconds sweep) : io_(io), sweep_(sweep), timer_(io) {}

Feeds::~Feeds() = default;

void Feeds::start() { asio::co_spawn(io_, sweep_on(shared_from_this()), asio::detached); }

void Feeds::close() {
  closed_ = true;
  timer_.cancel();
}

Source* Feeds::source(char kind) const {
  const auto known = sources_.find(kind);
  return known == sources_.end() ? nullptr : known->second;
}

void Feeds::join(Reader& reader) {
  for (const Mark& mark : reader.marks) {
    std::shared_ptr<Feed>& feed = feeds_[mark.topic];
    if (!feed) feed = std::make_shared<Feed>(mark.topic, *source(mark.topic.kind));
    // Who stands where all stand, as after a quiet restart, need not be asked for.
    const bool settled = feed->number == mark.number;
    feed->followers.push_back({&reader, settled ? Feed::State::settled : Feed::State::joining});
    if (settled) continue;
    ++reader.unsettled;
    feed->newcomers = true;
    wake(feed);
  }
  if (reader.reload && reader.unsettled == 0) {
    reader.reload = false;
    reader.stream->send(reload_event(reader.marks));
  }
}

void Feeds::leave(Reader& reader) {
  for (const Mark& mark : reader.marks) {
    const auto found = feeds_.find(mark.topic);
    if (found == feeds_.end()) continue;
    auto& followers = found->second->followers;
    std::erase_if(followers, [&](const Feed::Follower& each) { return each.reader == &reader; });
    if (followers.empty()) feeds_.erase(found);
  }
}

void Feeds::hint(std::string_view message) {
  const Hint hint = parse_hint(message);
  if (hint.transient) return whisper(hint.topics.front(), *hint.transient);
  for (const Topic& topic : hint.topics) {
    if (told_) told_(&topic);
    const auto found = feeds_.find(topic);
    if (found == feeds_.end()) continue;
    found->second->hinted = true;
    wake(found->second);
  }
}

void Feeds::whisper(const Topic& topic, std::string_view what) {
  const auto found = feeds_.find(topic);
  if (found == feeds_.end() || found->second->whispers.size() >= kMostWhispers) return;
  try {
    std::optional<Change> heard = found->second->source.heard(topic.id, what);
    if (heard) found->second->whispers.push_back(std::move(*heard));
  } catch (const std::exception& bug) { spdlog::error("live: a whisper to {}: {}", text(topic), bug.what()); }
  if (found->second->has_work()) wake(found->second);
}

void Feeds::wake(const std::shared_ptr<Feed>& feed) {
  if (closed_ || std::exchange(feed->running, true)) return;
  asio::co_spawn(io_, run(shared_from_this(), feed), asio::detached);
}

async<> Feeds::run(std::shared_ptr<Feeds> self, std::shared_ptr<Feed> feed) {
  co_await asio::post(kAwait);  // never within the call that woke it; and who else comes in this turn comes along
  bool good = true;
  while (good && !self->closed_ && feed->has_work()) {
    good = co_await ask(self, feed);
    const auto readers = static_cast<microseconds::rep>(feed->followers.size());
    co_await sleep_for(std::min(readers * kPauseOfReader, kLongestPause));
  }
  feed->running = false;
}

/// False: nothing was learnt, and whoever waits for it goes on waiting.
async<bool> Feeds::ask(std::shared_ptr<Feeds> self, std::shared_ptr<Feed> feed) {
  try {
    if (!feed->hinted && !feed->newcomers) {
      feed->murmur();
      co_return true;
    }
    const Call call(steady_clock::now() + kTimeOfAsking, "live");
    const std::int64_t from = feed->begin_asking();
    News news = co_await feed->source.since(call, feed->topic.id, from);
    if (self->closed_) co_return false;
    check_order(from, news);
    feed->deliver(from, std::move(news));
    co_return true;
  } catch (const pg::Unavailable&) {
    // asked again with the next hint or sweep
  } catch (const std::exception& bug) { spdlog::error("live: {}: {}", text(feed->topic), bug.what()); }
  feed->give_up();
  co_return false;
}

void Feeds::hints_by_redis(bool connected) {
  by_redis_ = connected;
  if (told_) told_(nullptr);
  sweep_now_ = true;
  timer_.cancel();
}

async<> Feeds::sweep_on(std::shared_ptr<Feeds> self) {
  while (!self->closed_) {
    if (!self->sweep_now_) {
      self->timer_.expires_after(self->by_redis_ ? self->sweep_ : std::min(self->sweep_, kSweepWithoutRedis));
      co_await self->timer_.async_wait(asio::as_tuple(kAwait));
    }
    self->sweep_now_ = false;
    for (auto [kind, source] : std::map(self->sources_)) {
      const std::vector<std::int64_t> ids = self->followed(kind);
      for (std::size_t begin = 0; begin < ids.size(); begin += kMostSwept) {
        const auto end = std::min(ids.size(), begin + kMostSwept);
        if (self->closed_) co_return;
        std::vector<std::int64_t> some(ids.begin() + static_cast<std::ptrdiff_t>(begin),
                                       ids.begin() + static_cast<std::ptrdiff_t>(end));
        const bool answered = co_await sweep(self, kind, std::move(some));
        if (!answered) break;
      }
    }
  }
}

std::vector<std::int64_t> Feeds::followed(char kind) const {
  std::vector<std::int64_t> ids;
  for (const auto& [topic, feed] : feeds_) {
    if (topic.kind == kind) ids.push_back(topic.id);
  }
  return ids;
}

async<bool> Feeds::sweep(std::shared_ptr<Feeds> self, char kind, std::vector<std::int64_t> ids) {
  std::vector<Mark> marks;
  try {
    const Call call(steady_clock::now() + kTimeOfAsking, "live");
    marks = co_await self->source(kind)->numbers(call, ids);
  } catch (const pg::Unavailable&) { co_return false; } catch (const std::exception& bug) {
    spdlog::error("live: {}: {}", kind, bug.what());
    co_return false;
  }
  for (const Mark& mark : marks) {
    const auto found = self->feeds_.find(mark.topic);
    if (found == self->feeds_.end()) continue;
    Feed& feed = *found->second;
    if (feed.number.value_or(mark.number) != mark.number) feed.hinted = true;
  }
  for (const std::int64_t id : ids) {
    const auto found = self->feeds_.find(Topic{kind, id});
    if (found != self->feeds_.end() && found->second->has_work()) self->wake(found->second);
  }
  co_return true;
}

}  // namespace ms::live
