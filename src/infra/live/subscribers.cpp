#include "infra/live/subscribers.hpp"

#include <algorithm>
#include <utility>

#include "infra/core/invariant.hpp"
#include "infra/live/channels.hpp"
#include "infra/live/event_batch.hpp"

namespace ms::live {
namespace {

constexpr std::chrono::seconds kBeatEvery{1};
constexpr std::size_t kMaxRecentChanges = 4096;   // kept one by one; more count as changes of all members
constexpr std::chrono::seconds kKeepChanges{10};  // longer than a request takes; see drop_old_changes()

Bytes bytes(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

}  // namespace

const Subscribers::Pause Subscribers::kDefault{1'000, 3'000};
const Subscribers::Pause Subscribers::kSoon{100, 500};
const Subscribers::Pause Subscribers::kSpread{500, 4'000};  // when many come at once

Member::~Member() {
  const auto known = counts->members.find(viewer.id);
  if (known != counts->members.end() && known->second.expired()) counts->members.erase(known);
}

Subscription::Subscription(std::shared_ptr<Member> viewer, std::vector<Position> where, bool anew)
    : member(std::move(viewer)), positions(std::move(where)), reload(anew) {
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
      slots_(static_cast<std::size_t>(std::max<std::chrono::seconds::rep>(config.heartbeat / kBeatEvery, 1))),
      timer_(io, std::chrono::steady_clock::now()) {}

Subscribers::~Subscribers() {
  for (const auto& subscribers : slots_) {
    for (const auto& subscription : subscribers) subscription->owner = nullptr;
  }
}

Result<std::shared_ptr<Subscription>> Subscribers::admit(session::Viewer viewer, Deadline since,
                                                         std::vector<Position> positions, bool reload) {
  if (counts_->count >= config_.streams) return fail(ErrorCode::unavailable, "error.busy"_msg);
  const auto member = member_of(std::move(viewer), since);
  if (member->viewer.signed_in() && member->count >= config_.max_streams_per_member) {
    return fail(ErrorCode::too_many, "error.too_many"_msg);
  }
  return std::make_shared<Subscription>(member, std::move(positions), reload);
}

/// Whoever was identified last is known best: its other streams see with the same eyes from now on.
std::shared_ptr<Member> Subscribers::member_of(session::Viewer viewer, Deadline since) {
  viewer.session_id = std::string();
  viewer.email = std::string();
  std::shared_ptr<Member> member = guests_;
  if (viewer.signed_in() && changed_after(viewer.id, since)) {
    member = std::make_shared<Member>(counts_);
    member->changed = true;
  } else if (viewer.signed_in()) {
    std::weak_ptr<Member>& known = counts_->members[viewer.id];
    member = known.lock();
    if (!member) known = member = std::make_shared<Member>(counts_);
  }
  member->viewer = std::move(viewer);
  return member;
}

bool Subscribers::changed_after(MemberId member, Deadline since) const {
  const auto known = changes_.find(member);
  return all_changed_ >= since || (known != changes_.end() && known->second >= since);
}

void Subscribers::open(const std::shared_ptr<Subscription>& subscription, std::shared_ptr<http::Stream> stream) {
  if (!stream->open()) return;
  if (subscription->member->changed) {
    stream->send(bytes(retry(kSoon)));
    stream->close();
    return;
  }
  stream->send(bytes(retry(kDefault)));
  stream->on_end(
      [weak = std::weak_ptr(subscription)] {
        const auto ended = weak.lock();
        if (ended && ended->owner != nullptr) ended->owner->leave(*ended);
      },
      [weak = std::weak_ptr(subscription)] {
        const auto ended = weak.lock();
        return ended && ended->owner != nullptr ? ended->owner->retry(kSpread) : std::string();
      });
  subscription->stream = std::move(stream);
  subscription->owner = this;
  subscription->tick = static_cast<std::uint32_t>(next_++ % slots_.size());
  subscription->ticks_left = ticks_to_live();
  slots_[subscription->tick].push_back(subscription);
  if (subscription->member != guests_) subscription->member->streams.push_back(subscription.get());
  if (on_tick_) on_tick_(subscription->member->viewer);
  channels_.join(*subscription);
}

std::string Subscribers::retry(Pause pause) {
  return "retry: " + std::to_string(std::uniform_int_distribution<int>(pause.min, pause.max)(random_)) + "\n\n";
}

/// `reader` may be gone afterwards.
void Subscribers::leave(Subscription& subscription) {
  subscription.owner = nullptr;
  channels_.leave(subscription);
  std::erase(subscription.member->streams, &subscription);
  std::erase_if(slots_[subscription.tick], [&](const auto& each) { return each.get() == &subscription; });
}

void Subscribers::end(Subscription& subscription, Pause pause) {
  const auto stream = subscription.stream;
  stream->send(bytes(retry(pause)));
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
  const auto known = counts_->members.find(id);
  if (known == counts_->members.end()) return;
  const auto member = known->second.lock();
  counts_->members.erase(known);
  if (!member) return;
  member->changed = true;
  for (Subscription* subscription : std::vector(member->streams)) end(*subscription, kSoon);
}

void Subscribers::members_may_have_changed() {
  all_changed_ = std::chrono::steady_clock::now();
  changes_.clear();
  for (const auto& [id, weak] : std::exchange(counts_->members, {})) {
    const auto member = weak.lock();
    if (!member) continue;
    member->changed = true;
    for (Subscription* subscription : std::vector(member->streams)) end(*subscription, kSpread);
  }
}

void Subscribers::arm() {
  timer_.expires_at(timer_.expiry() + kBeatEvery);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    const auto self = weak.lock();
    if (cancelled || !self) return;
    self->tick();
    self->arm();
  });
}

/// Different for each, because thousands come back together after a server stopped.
std::uint16_t Subscribers::ticks_to_live() {
  const int max = static_cast<int>(std::max<std::chrono::seconds::rep>(config_.max_age / config_.heartbeat, 1));
  return static_cast<std::uint16_t>(std::uniform_int_distribution<int>((max + 1) / 2, max)(random_));
}

/// A request that began before a dropped change is treated like one of a changed member: its stream comes anew.
void Subscribers::drop_old_changes() {
  const Deadline oldest = std::chrono::steady_clock::now() - kKeepChanges;
  std::erase_if(changes_, [&](const auto& change) {
    if (change.second >= oldest) return false;
    all_changed_ = std::max(all_changed_, change.second);
    return true;
  });
}

/// A session that runs out tells nobody: so members come back now and then, and are asked who they are.
void Subscribers::tick() {
  cursor_ = (cursor_ + 1) % slots_.size();
  drop_old_changes();
  std::vector<std::shared_ptr<Subscription>> old;
  for (const auto& subscription : slots_[cursor_]) {
    subscription->stream->send(heartbeat_);
    if (on_tick_) on_tick_(subscription->member->viewer);
    if (subscription->member != guests_ && --subscription->ticks_left == 0) old.push_back(subscription);
  }
  for (const auto& subscription : old) end(*subscription, kSoon);
}

}  // namespace ms::live
