// The subscriptions of a topic may be at different numbers. Each query begins at the lowest of them, so one answer
// serves all: a subscription gets the changes above its own number. A subscription that joins while a query runs is
// served by the next one, because it may be below the number where the running query began. So catching up needs no
// code of its own, and a thousand subscriptions that come back at once are served together.
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
constexpr std::size_t kMaxTransients = 8;  // of one event batch; more are lost
// A few times what an event costs to send (4 µs): a topic with many subscriptions collects the changes of the pause
// instead of falling behind, and takes at most a third of the thread.
constexpr microseconds kPausePerSubscription{10};
constexpr microseconds kMaxPause{50'000};

/// A subscription gets each change once, and all of them.
void check_order(std::int64_t from, const ChangeSet& change_set) {
  std::int64_t last = from;
  for (const Change& change : change_set.changes) {
    invariant(change.number >= last, "changes do not ascend from where they were asked for");
    last = change.number;
  }
  invariant(change_set.changes.empty() || last <= change_set.number, "a change is above its topic's latest number");
}

}  // namespace

struct Channels::Channel {
  enum class State : std::uint8_t {
    joining,    // joined after the running query began, or no query has run yet
    queried,    // the running query covers it
    confirmed,  // has every change that PostgreSQL had when it last answered
  };
  struct Follower {
    Subscription* subscription;
    State state;
  };

  Channel(const Topic& followed, Source& origin) : topic(followed), source(origin) {}

  bool has_work() const { return !followers.empty() && (published || has_unconfirmed || !transients.empty()); }
  std::int64_t begin_query();
  void fail_query();
  void deliver(std::int64_t from, ChangeSet change_set);
  void deliver_transient();

  const Topic topic;
  Source& source;
  std::vector<Follower> followers;
  std::vector<Change> transients;
  std::optional<std::int64_t> number;  // the lowest of the confirmed followers
  bool has_unconfirmed = false;        // some followers are not confirmed
  bool published = false;              // there may be changes above `number`
  bool running = false;
};

/// The number to query from, so that no present follower misses a change.
std::int64_t Channels::Channel::begin_query() {
  published = false;
  has_unconfirmed = false;
  std::int64_t from = number.value_or(std::numeric_limits<std::int64_t>::max());
  for (Follower& follower : followers) {
    if (follower.state == State::confirmed) continue;
    follower.state = State::queried;
    from = std::min(from, follower.subscription->position(topic).number);
  }
  return from;
}

/// The followers that were not served are queried for again, even when the delivery stopped halfway.
void Channels::Channel::fail_query() {
  number.reset();
  for (const Follower& follower : followers) {
    if (follower.state != State::confirmed) {
      has_unconfirmed = true;
      continue;
    }
    const std::int64_t at = follower.subscription->position(topic).number;
    number = std::min(number.value_or(at), at);
  }
}

void Channels::Channel::deliver(std::int64_t from, ChangeSet change_set) {
  // A source that says `more` without a change above `from` would be queried for ever.
  const bool more = change_set.more && !change_set.changes.empty() && change_set.changes.back().number > from;
  const std::int64_t reached = more ? change_set.changes.back().number : change_set.number;
  EventBatch batch(std::exchange(transients, {}), std::move(change_set.changes));
  number.reset();
  for (Follower& follower : followers) {
    if (follower.state == State::joining) continue;
    Subscription& subscription = *follower.subscription;
    Position& position = subscription.position(topic);
    const std::int64_t before = position.number;
    const bool fresh = follower.state == State::queried;
    const bool future = before > change_set.number;  // made up by a client, or of commits that a failover lost
    if (more && fresh && before > from && !future) {
      has_unconfirmed = true;  // it may need fewer changes than the lowest: the next query decides
      continue;
    }
    if (future || (more && fresh)) subscription.reload = true;
    position.number = subscription.reload ? change_set.number : std::max(before, reached);
    invariant(subscription.reload || position.number >= before, "a position fell without a reload");
    number = std::min(number.value_or(position.number), position.number);
    follower.state = State::confirmed;
    if (fresh) --subscription.unconfirmed;
    if (!subscription.reload) {
      const Bytes event = batch.event(subscription.member->viewer, before, subscription.positions);
      if (event) subscription.stream->send(event);
    } else if (subscription.unconfirmed == 0) {
      subscription.reload = false;
      subscription.stream->send(reload_event(subscription.positions));
    }
  }
  if (number && *number < change_set.number) published = true;
}

/// Transients alone need no query.
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

void Channels::start() { asio::co_spawn(io_, run_sweeps(shared_from_this()), asio::detached); }

void Channels::close() {
  closed_ = true;
  timer_.cancel();
}

Source* Channels::source(char kind) const {
  const auto found = sources_.find(kind);
  return found == sources_.end() ? nullptr : found->second.get();
}

void Channels::join(Subscription& subscription) {
  for (const Position& position : subscription.positions) {
    std::shared_ptr<Channel>& channel = channels_[position.topic];
    if (!channel) channel = std::make_shared<Channel>(position.topic, *source(position.topic.kind));
    // A subscription that is where all others are, as after a restart without new changes, needs no query.
    const bool confirmed = channel->number == position.number;
    channel->followers.push_back({&subscription, confirmed ? Channel::State::confirmed : Channel::State::joining});
    if (confirmed) continue;
    ++subscription.unconfirmed;
    channel->has_unconfirmed = true;
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
  const Message parsed = parse_message(message);
  if (parsed.transient) return add_transient(parsed.topics.front(), *parsed.transient);
  for (const Topic& topic : parsed.topics) {
    if (on_publish_) on_publish_(&topic);
    const auto found = channels_.find(topic);
    if (found == channels_.end()) continue;
    found->second->published = true;
    wake(found->second);
  }
}

void Channels::add_transient(const Topic& topic, std::string_view what) {
  const auto found = channels_.find(topic);
  if (found == channels_.end() || found->second->transients.size() >= kMaxTransients) return;
  try {
    std::optional<Change> change = found->second->source.parse_transient(topic.id, what);
    if (change) found->second->transients.push_back(std::move(*change));
  } catch (const std::exception& bug) { spdlog::error("live: a transient of {}: {}", text(topic), bug.what()); }
  if (found->second->has_work()) wake(found->second);
}

void Channels::wake(const std::shared_ptr<Channel>& channel) {
  if (closed_ || std::exchange(channel->running, true)) return;
  asio::co_spawn(io_, run(shared_from_this(), channel), asio::detached);
}

async<> Channels::run(std::shared_ptr<Channels> self, std::shared_ptr<Channel> channel) {
  // Never inside the call that woke it; whatever else arrives in this turn is served together.
  co_await asio::post(io::kUseAwaitable);
  bool answered = true;
  while (answered && !self->closed_ && channel->has_work()) {
    answered = co_await query(self, channel);
    const auto subscribers = static_cast<microseconds::rep>(channel->followers.size());
    co_await sleep_for(std::min(subscribers * kPausePerSubscription, kMaxPause));
  }
  channel->running = false;
}

/// False: the source gave no answer, and the followers go on waiting.
async<bool> Channels::query(std::shared_ptr<Channels> self, std::shared_ptr<Channel> channel) {
  try {
    if (!channel->published && !channel->has_unconfirmed) {
      channel->deliver_transient();
      co_return true;
    }
    const Call call(steady_clock::now() + kQueryTimeout, "live");
    const std::int64_t from = channel->begin_query();
    ChangeSet change_set = co_await channel->source.since(call, channel->topic.id, from);
    if (self->closed_) co_return false;
    check_order(from, change_set);
    channel->deliver(from, std::move(change_set));
    co_return true;
  } catch (const pg::Unavailable&) {
    // queried again with the next publication or sweep
  } catch (const std::exception& bug) { spdlog::error("live: {}: {}", text(channel->topic), bug.what()); }
  channel->fail_query();
  co_return false;
}

void Channels::subscribed_by_redis(bool connected) {
  by_redis_ = connected;
  if (on_publish_) on_publish_(nullptr);
  sweep_now_ = true;
  timer_.cancel();
}

async<> Channels::run_sweeps(std::shared_ptr<Channels> self) {
  while (!self->closed_) {
    if (!self->sweep_now_) {
      self->timer_.expires_after(self->by_redis_ ? self->sweep_ : std::min(self->sweep_, kSweepWithoutRedis));
      co_await self->timer_.async_wait(io::kAsTuple);
    }
    self->sweep_now_ = false;
    for (const auto& [kind, source] : std::map(self->sources_)) {
      const std::vector<std::int64_t> ids = self->followed(kind);
      for (std::size_t begin = 0; begin < ids.size(); begin += kMaxSwept) {
        const auto end = std::min(ids.size(), begin + kMaxSwept);
        if (self->closed_) co_return;
        std::vector<std::int64_t> chunk(ids.begin() + static_cast<std::ptrdiff_t>(begin),
                                        ids.begin() + static_cast<std::ptrdiff_t>(end));
        const bool answered = co_await sweep(self, kind, std::move(chunk));
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
    if (channel.number.value_or(position.number) != position.number) channel.published = true;
  }
  for (const std::int64_t id : ids) {
    const auto found = self->channels_.find(Topic{kind, id});
    if (found != self->channels_.end() && found->second->has_work()) self->wake(found->second);
  }
  co_return true;
}

}  // namespace ms::live
