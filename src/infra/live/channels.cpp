// A topic's readers may stand at different numbers. Each asking begins at the lowest of them, so one answer serves
// all: a reader gets what is above its own number. Who comes while an asking runs is not served by it, since it may
// stand below where that one began, but by the next. So there is no second way for those who catch up, and a thousand
// readers who come back at once are served together.
#include "infra/live/channels.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <limits>
#include <optional>
#include <utility>

#include "infra/core/invariant.hpp"
#include "infra/io/call.hpp"
#include "infra/io/sleep.hpp"
#include "infra/io/use_awaitable.hpp"
#include "infra/live/event_batch.hpp"
#include "infra/live/subscribers.hpp"
#include "infra/pg/db.hpp"

namespace ms::live {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kQueryTimeout{2000};
constexpr milliseconds kSweepWithoutRedis{500};
constexpr std::size_t kMaxSwept = 5000;    // topics of one query
constexpr std::size_t kMaxTransients = 8;  // of one round; more are lost
// A few times what an event costs to send (4 µs): a topic with many readers gathers what comes meanwhile instead of
// lagging behind, and takes at most a third of the thread.
constexpr microseconds kPauseOfReader{10};
constexpr microseconds kMaxPause{50'000};

/// What readers got once never comes again, and nothing is passed over.
void check_order(std::int64_t from, const ChangeSet& news) {
  std::int64_t last = from;
  for (const Change& change : news.changes) {
    invariant(change.number >= last, "changes do not ascend from where they were asked for");
    last = change.number;
  }
  invariant(news.changes.empty() || last <= news.number, "a change lies above its topic's latest number");
}

}  // namespace

struct Channels::Channel {
  enum class State : std::uint8_t {
    joining,  // since the asking that runs began, or there was none yet
    asked,    // the asking that runs is for it too
    settled,  // nothing of what PostgreSQL had by then is missing
  };
  struct Follower {
    Subscription* subscription;
    State state;
  };

  Channel(const Topic& followed, Source& asked) : topic(followed), source(asked) {}

  bool has_work() const { return !followers.empty() && (hinted || newcomers || !transients.empty()); }
  std::int64_t begin_asking();
  void give_up();
  void deliver(std::int64_t from, ChangeSet news);
  void deliver_transient();

  const Topic topic;
  Source& source;
  std::vector<Follower> followers;
  std::vector<Change> transients;
  std::optional<std::int64_t> number;  // the lowest of those who are settled
  bool newcomers = false;              // some are not settled
  bool hinted = false;                 // there may be something above `number`
  bool running = false;
};

/// Where to begin, so that nobody who is there by now misses anything.
std::int64_t Channels::Channel::begin_asking() {
  hinted = false;
  newcomers = false;
  std::int64_t from = number.value_or(std::numeric_limits<std::int64_t>::max());
  for (Follower& follower : followers) {
    if (follower.state == State::settled) continue;
    follower.state = State::asked;
    from = std::min(from, follower.subscription->position(topic).number);
  }
  return from;
}

/// Whoever was not served is asked for again, also when that ended in the middle.
void Channels::Channel::give_up() {
  number.reset();
  for (const Follower& follower : followers) {
    if (follower.state != State::settled) {
      newcomers = true;
      continue;
    }
    const std::int64_t stands = follower.subscription->position(topic).number;
    number = std::min(number.value_or(stands), stands);
  }
}

void Channels::Channel::deliver(std::int64_t from, ChangeSet news) {
  // A source that gives nothing above where it was asked would be asked for ever.
  const bool more = news.more && !news.changes.empty() && news.changes.back().number > from;
  const std::int64_t reached = more ? news.changes.back().number : news.number;
  EventBatch batch(std::exchange(transients, {}), std::move(news.changes));
  number.reset();
  for (Follower& follower : followers) {
    if (follower.state == State::joining) continue;
    Subscription& subscription = *follower.subscription;
    Position& position = subscription.position(topic);
    const std::int64_t before = position.number;
    const bool fresh = follower.state == State::asked;
    const bool future = before > news.number;  // of a page that never was, or of commits that a failover lost
    if (more && fresh && before > from && !future) {
      newcomers = true;  // may need fewer than who began lower: it has a turn of its own
      continue;
    }
    if (future || (more && fresh)) subscription.reload = true;
    position.number = subscription.reload ? news.number : std::max(before, reached);
    invariant(subscription.reload || position.number >= before, "a position fell without a reload");
    number = std::min(number.value_or(position.number), position.number);
    follower.state = State::settled;
    if (fresh) --subscription.unconfirmed;
    if (!subscription.reload) {
      const Bytes event = batch.event(subscription.member->viewer, before, subscription.positions);
      if (event) subscription.stream->send(event);
    } else if (subscription.unconfirmed == 0) {
      subscription.reload = false;
      subscription.stream->send(reload_event(subscription.positions));
    }
  }
  if (number && *number < news.number) hinted = true;
}

/// Whispers alone need no asking.
void Channels::Channel::deliver_transient() {
  EventBatch batch(std::exchange(transients, {}), {});
  for (const Follower& follower : followers) {
    Subscription& subscription = *follower.subscription;
    const Bytes event = batch.event(subscription.member->viewer, 0, subscription.positions);
    if (event) subscription.stream->send(event);
  }
}

std::size_t Channels::Hash::operator()(const Topic& topic) const noexcept {
  return std::hash<std::int64_t>()(topic.id * 128 + topic.kind);
}

Channels::Channels(asio::io_context& io, milliseconds sweep) : io_(io), sweep_(sweep), timer_(io) {}

Channels::~Channels() = default;

void Channels::start() { asio::co_spawn(io_, sweep_on(shared_from_this()), asio::detached); }

void Channels::close() {
  closed_ = true;
  timer_.cancel();
}

Source* Channels::source(char kind) const {
  const auto known = sources_.find(kind);
  return known == sources_.end() ? nullptr : known->second;
}

void Channels::join(Subscription& subscription) {
  for (const Position& position : subscription.positions) {
    std::shared_ptr<Channel>& channel = channels_[position.topic];
    if (!channel) channel = std::make_shared<Channel>(position.topic, *source(position.topic.kind));
    // Who stands where all stand, as after a quiet restart, need not be asked for.
    const bool settled = channel->number == position.number;
    channel->followers.push_back({&subscription, settled ? Channel::State::settled : Channel::State::joining});
    if (settled) continue;
    ++subscription.unconfirmed;
    channel->newcomers = true;
    wake(channel);
  }
  if (subscription.reload && subscription.unconfirmed == 0) {
    subscription.reload = false;
    subscription.stream->send(reload_event(subscription.positions));
  }
}

void Channels::leave(Subscription& subscription) {
  for (const Position& position : subscription.positions) {
    const auto found = channels_.find(position.topic);
    if (found == channels_.end()) continue;
    auto& followers = found->second->followers;
    std::erase_if(followers, [&](const Channel::Follower& each) { return each.subscription == &subscription; });
    if (followers.empty()) channels_.erase(found);
  }
}

void Channels::on_message(std::string_view message) {
  const Hint on_message = parse_hint(message);
  if (on_message.transient) return publish_transient(on_message.topics.front(), *on_message.transient);
  for (const Topic& topic : on_message.topics) {
    if (on_publish_) on_publish_(&topic);
    const auto found = channels_.find(topic);
    if (found == channels_.end()) continue;
    found->second->hinted = true;
    wake(found->second);
  }
}

void Channels::publish_transient(const Topic& topic, std::string_view what) {
  const auto found = channels_.find(topic);
  if (found == channels_.end() || found->second->transients.size() >= kMaxTransients) return;
  try {
    std::optional<Change> parse_transient = found->second->source.parse_transient(topic.id, what);
    if (parse_transient) found->second->transients.push_back(std::move(*parse_transient));
  } catch (const std::exception& bug) { spdlog::error("live: a whisper to {}: {}", text(topic), bug.what()); }
  if (found->second->has_work()) wake(found->second);
}

void Channels::wake(const std::shared_ptr<Channel>& channel) {
  if (closed_ || std::exchange(channel->running, true)) return;
  asio::co_spawn(io_, run(shared_from_this(), channel), asio::detached);
}

async<> Channels::run(std::shared_ptr<Channels> self, std::shared_ptr<Channel> channel) {
  co_await asio::post(
      io::kUseAwaitable);  // never within the call that woke it; and who else comes in this turn comes along
  bool good = true;
  while (good && !self->closed_ && channel->has_work()) {
    good = co_await ask(self, channel);
    const auto subscribers = static_cast<microseconds::rep>(channel->followers.size());
    co_await sleep_for(std::min(subscribers * kPauseOfReader, kMaxPause));
  }
  channel->running = false;
}

/// False: nothing was learnt, and whoever waits for it goes on waiting.
async<bool> Channels::ask(std::shared_ptr<Channels> self, std::shared_ptr<Channel> channel) {
  try {
    if (!channel->hinted && !channel->newcomers) {
      channel->deliver_transient();
      co_return true;
    }
    const Call call(steady_clock::now() + kQueryTimeout, "live");
    const std::int64_t from = channel->begin_asking();
    ChangeSet news = co_await channel->source.since(call, channel->topic.id, from);
    if (self->closed_) co_return false;
    check_order(from, news);
    channel->deliver(from, std::move(news));
    co_return true;
  } catch (const pg::Unavailable&) {
    // asked again with the next hint or sweep
  } catch (const std::exception& bug) { spdlog::error("live: {}: {}", text(channel->topic), bug.what()); }
  channel->give_up();
  co_return false;
}

void Channels::subscribed_by_redis(bool connected) {
  by_redis_ = connected;
  if (on_publish_) on_publish_(nullptr);
  sweep_now_ = true;
  timer_.cancel();
}

async<> Channels::sweep_on(std::shared_ptr<Channels> self) {
  while (!self->closed_) {
    if (!self->sweep_now_) {
      self->timer_.expires_after(self->by_redis_ ? self->sweep_ : std::min(self->sweep_, kSweepWithoutRedis));
      co_await self->timer_.async_wait(io::kAsTuple);
    }
    self->sweep_now_ = false;
    for (auto [kind, source] : std::map(self->sources_)) {
      const std::vector<std::int64_t> ids = self->followed(kind);
      for (std::size_t begin = 0; begin < ids.size(); begin += kMaxSwept) {
        const auto end = std::min(ids.size(), begin + kMaxSwept);
        if (self->closed_) co_return;
        std::vector<std::int64_t> some(ids.begin() + static_cast<std::ptrdiff_t>(begin),
                                       ids.begin() + static_cast<std::ptrdiff_t>(end));
        const bool answered = co_await sweep(self, kind, std::move(some));
        if (!answered) break;
      }
    }
  }
}

std::vector<std::int64_t> Channels::followed(char kind) const {
  std::vector<std::int64_t> ids;
  for (const auto& [topic, channel] : channels_) {
    if (topic.kind == kind) ids.push_back(topic.id);
  }
  return ids;
}

async<bool> Channels::sweep(std::shared_ptr<Channels> self, char kind, std::vector<std::int64_t> ids) {
  std::vector<Position> positions;
  try {
    const Call call(steady_clock::now() + kQueryTimeout, "live");
    positions = co_await self->source(kind)->numbers(call, ids);
  } catch (const pg::Unavailable&) { co_return false; } catch (const std::exception& bug) {
    spdlog::error("live: {}: {}", kind, bug.what());
    co_return false;
  }
  for (const Position& position : positions) {
    const auto found = self->channels_.find(position.topic);
    if (found == self->channels_.end()) continue;
    Channel& channel = *found->second;
    if (channel.number.value_or(position.number) != position.number) channel.hinted = true;
  }
  for (const std::int64_t id : ids) {
    const auto found = self->channels_.find(Topic{kind, id});
    if (found != self->channels_.end() && found->second->has_work()) self->wake(found->second);
  }
  co_return true;
}

}  // namespace ms::live
