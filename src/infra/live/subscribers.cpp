#include "infra/live/subscribers.hpp"

#include <algorithm>
#include <utility>

#include "infra/core/invariant.hpp"
#include "infra/live/channels.hpp"
#include "infra/live/event_batch.hpp"

namespace ms::live {
namespace {

constexpr std::chrono::seconds kTickInterval{1};
constexpr std::size_t kMaxRecentChanges = 4096;  // stored one by one; more count as a change of all members
constexpr std::chrono::seconds kRecentFor{10};   // longer than a request takes; see drop_old_changes()

Bytes bytes(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

}  // namespace

const Subscribers::Delay Subscribers::kDefaultDelay{1'000, 3'000};
const Subscribers::Delay Subscribers::kShortDelay{100, 500};
const Subscribers::Delay Subscribers::kSpreadDelay{500, 4'000};  // when many come back at once

Member::~Member() {
  const auto entry = counts->members.find(viewer.id);
  if (entry != counts->members.end() && entry->second.expired()) counts->members.erase(entry);
}

Subscription::Subscription(std::shared_ptr<Member> owner, std::vector<Position> begin, bool reload_page)
    : member(std::move(owner)), positions(std::move(begin)), reload(reload_page) {
  positions.shrink_to_fit();
  ++member->count;
  ++member->counts->count;
}

Subscription::~Subscription() {
  invariant(member->count > 0 && member->counts->count > 0, "more streams ended than began");
  --member->count;
  --member->counts->count;
}

Position& Subscription::position(const Topic& topic) { return *std::ranges::find(positions, topic, &Position::topic); }

Subscribers::Subscribers(asio::io_context& io, const Config& config, Channels& channels)
    : config_(config),
      channels_(channels),
      guests_(std::make_shared<Member>(counts_)),
      slots_(static_cast<std::size_t>(std::max<std::chrono::seconds::rep>(config.heartbeat / kTickInterval, 1))),
      timer_(io, std::chrono::steady_clock::now()) {}

Subscribers::~Subscribers() {
  for (const auto& subscribers : slots_) {
    for (const auto& subscription : subscribers) subscription->owner = nullptr;
  }
}

Result<std::shared_ptr<Subscription>> Subscribers::admit(session::Viewer viewer, Deadline since,
                                                         std::vector<Position> positions, bool reload) {
  if (counts_->count >= config_.streams) return fail(ErrorCode::unavailable, "error.busy"_msg);
  const auto member = find_or_add(std::move(viewer), since);
  if (member->viewer.signed_in() && member->count >= config_.max_streams_per_member) {
    return fail(ErrorCode::too_many, "error.too_many"_msg);
  }
  return std::make_shared<Subscription>(member, std::move(positions), reload);
}

/// The latest authentication is the freshest: all streams of the member use its viewer from now on.
std::shared_ptr<Member> Subscribers::find_or_add(session::Viewer viewer, Deadline since) {
  viewer.session_id = std::string();
  viewer.email = std::string();
  std::shared_ptr<Member> member = guests_;
  if (viewer.signed_in() && changed_after(viewer.id, since)) {
    member = std::make_shared<Member>(counts_);
    member->changed = true;
  } else if (viewer.signed_in()) {
    std::weak_ptr<Member>& entry = counts_->members[viewer.id];
    member = entry.lock();
    if (!member) entry = member = std::make_shared<Member>(counts_);
  }
  member->viewer = std::move(viewer);
  return member;
}

bool Subscribers::changed_after(MemberId member, Deadline since) const {
  const auto change = changes_.find(member);
  return all_changed_ >= since || (change != changes_.end() && change->second >= since);
}

void Subscribers::open(const std::shared_ptr<Subscription>& subscription, std::shared_ptr<http::Stream> stream) {
  if (!stream->open()) return;
  if (subscription->member->changed) {
    stream->send(bytes(retry(kShortDelay)));
    stream->close();
    return;
  }
  stream->send(bytes(retry(kDefaultDelay)));
  stream->on_end(
      [weak = std::weak_ptr(subscription)] {
        const auto ended = weak.lock();
        if (ended && ended->owner != nullptr) ended->owner->leave(*ended);
      },
      [weak = std::weak_ptr(subscription)] {
        const auto ended = weak.lock();
        return ended && ended->owner != nullptr ? ended->owner->retry(kSpreadDelay) : std::string();
      });
  subscription->stream = std::move(stream);
  subscription->owner = this;
  subscription->slot = static_cast<std::uint32_t>(next_++ % slots_.size());
  subscription->ticks_left = ticks_until_end();
  slots_[subscription->slot].push_back(subscription);
  if (subscription->member != guests_) subscription->member->streams.push_back(subscription.get());
  if (on_tick_) on_tick_(subscription->member->viewer);
  channels_.join(*subscription);
}

std::string Subscribers::retry(Delay delay) {
  return "retry: " + std::to_string(std::uniform_int_distribution<int>(delay.min, delay.max)(random_)) + "\n\n";
}

/// `subscription` may be destroyed afterwards.
void Subscribers::leave(Subscription& subscription) {
  subscription.owner = nullptr;
  channels_.leave(subscription);
  std::erase(subscription.member->streams, &subscription);
  std::erase_if(slots_[subscription.slot], [&](const auto& each) { return each.get() == &subscription; });
}

void Subscribers::end(Subscription& subscription, Delay delay) {
  const auto stream = subscription.stream;
  stream->send(bytes(retry(delay)));
  stream->close();
  leave(subscription);
}

void Subscribers::member_changed(MemberId id) {
  const auto now = std::chrono::steady_clock::now();
  changes_[id] = now;
  if (changes_.size() > kMaxRecentChanges) {
    changes_.clear();
    all_changed_ = now;
  }
  const auto entry = counts_->members.find(id);
  if (entry == counts_->members.end()) return;
  const auto member = entry->second.lock();
  counts_->members.erase(entry);
  if (!member) return;
  member->changed = true;
  for (Subscription* subscription : std::vector(member->streams)) end(*subscription, kShortDelay);
}

void Subscribers::members_may_have_changed() {
  all_changed_ = std::chrono::steady_clock::now();
  changes_.clear();
  for (const auto& [id, weak] : std::exchange(counts_->members, {})) {
    const auto member = weak.lock();
    if (!member) continue;
    member->changed = true;
    for (Subscription* subscription : std::vector(member->streams)) end(*subscription, kSpreadDelay);
  }
}

void Subscribers::arm() {
  timer_.expires_at(timer_.expiry() + kTickInterval);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    const auto self = weak.lock();
    if (cancelled || !self) return;
    self->tick();
    self->arm();
  });
}

/// Random, because thousands of streams come back together after a server stopped.
std::uint16_t Subscribers::ticks_until_end() {
  const int max = static_cast<int>(std::max<std::chrono::seconds::rep>(config_.max_age / config_.heartbeat, 1));
  return static_cast<std::uint16_t>(std::uniform_int_distribution<int>((max + 1) / 2, max)(random_));
}

/// A request that began before a dropped change is treated as if its member had changed: its stream reconnects.
void Subscribers::drop_old_changes() {
  const Deadline oldest = std::chrono::steady_clock::now() - kRecentFor;
  std::erase_if(changes_, [&](const auto& change) {
    if (change.second >= oldest) return false;
    all_changed_ = std::max(all_changed_, change.second);
    return true;
  });
}

/// Nothing is published when a session expires, so members' streams reconnect now and then and authenticate again.
void Subscribers::tick() {
  cursor_ = (cursor_ + 1) % slots_.size();
  drop_old_changes();
  std::vector<std::shared_ptr<Subscription>> old;
  for (const auto& subscription : slots_[cursor_]) {
    subscription->stream->send(heartbeat_);
    if (on_tick_) on_tick_(subscription->member->viewer);
    if (subscription->member != guests_ && --subscription->ticks_left == 0) old.push_back(subscription);
  }
  for (const auto& subscription : old) end(*subscription, kShortDelay);
}

}  // namespace ms::live
