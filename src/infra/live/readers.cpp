#include "infra/live/readers.hpp"

#include <algorithm>
#include <utility>

#include "infra/core/invariant.hpp"
#include "infra/live/feeds.hpp"
#include "infra/live/round.hpp"

namespace ms::live {
namespace {

constexpr std::chrono::seconds kBeatEvery{1};
constexpr std::size_t kMaxChanges = 4096;         // kept one by one; more count as changes of all members
constexpr std::chrono::seconds kKeepChanges{10};  // longer than a request takes; see drop_old_changes()

Bytes bytes(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

}  // namespace

const Readers::Pause Readers::kUsual{1'000, 3'000};
const Readers::Pause Readers::kSoon{100, 500};
const Readers::Pause Readers::kSpread{500, 4'000};  // when many come at once

Member::~Member() {
  const auto known = places->members.find(viewer.id);
  if (known != places->members.end() && known->second.expired()) places->members.erase(known);
}

Reader::Reader(std::shared_ptr<Member> who, std::vector<Mark> where, bool anew)
    : member(std::move(who)), marks(std::move(where)), reload(anew) {
  marks.shrink_to_fit();
  ++member->taken;
  ++member->places->taken;
}

Reader::~Reader() {
  invariant(member->taken > 0 && member->places->taken > 0, "more streams ended than began");
  --member->taken;
  --member->places->taken;
}

Mark& Reader::mark(const Topic& topic) { return *std::ranges::find(marks, topic, &Mark::topic); }

Readers::Readers(asio::io_context& io, const Config& config, Feeds& feeds)
    : config_(config),
      feeds_(feeds),
      guests_(std::make_shared<Member>(places_)),
      beats_(static_cast<std::size_t>(std::max<std::chrono::seconds::rep>(config.heartbeat / kBeatEvery, 1))),
      timer_(io, std::chrono::steady_clock::now()) {}

Readers::~Readers() {
  for (const auto& readers : beats_) {
    for (const auto& reader : readers) reader->home = nullptr;
  }
}

Result<std::shared_ptr<Reader>> Readers::admit(session::Viewer viewer, Deadline since, std::vector<Mark> marks,
                                               bool reload) {
  if (places_->taken >= config_.streams) return refuse(Code::unavailable, "error.busy"_msg);
  const auto member = member_of(std::move(viewer), since);
  if (member->viewer.signed_in() && member->taken >= config_.streams_of_one) {
    return refuse(Code::too_many, "error.too_many"_msg);
  }
  return std::make_shared<Reader>(member, std::move(marks), reload);
}

/// Whoever was identified last is known best: its other streams see with the same eyes from now on.
std::shared_ptr<Member> Readers::member_of(session::Viewer viewer, Deadline since) {
  viewer.session_id = std::string();
  viewer.email = std::string();
  std::shared_ptr<Member> member = guests_;
  if (viewer.signed_in() && changed_after(viewer.id, since)) {
    member = std::make_shared<Member>(places_);
    member->changed = true;
  } else if (viewer.signed_in()) {
    std::weak_ptr<Member>& known = places_->members[viewer.id];
    member = known.lock();
    if (!member) known = member = std::make_shared<Member>(places_);
  }
  member->viewer = std::move(viewer);
  return member;
}

bool Readers::changed_after(UserId member, Deadline since) const {
  const auto known = changes_.find(member);
  return all_changed_ >= since || (known != changes_.end() && known->second >= since);
}

void Readers::open(const std::shared_ptr<Reader>& reader, std::shared_ptr<http::Stream> stream) {
  if (!stream->open()) return;
  if (reader->member->changed) {
    stream->send(bytes(retry(kSoon)));
    stream->close();
    return;
  }
  stream->send(bytes(retry(kUsual)));
  stream->on_end(
      [weak = std::weak_ptr(reader)] {
        const auto ended = weak.lock();
        if (ended && ended->home != nullptr) ended->home->leave(*ended);
      },
      [weak = std::weak_ptr(reader)] {
        const auto ended = weak.lock();
        return ended && ended->home != nullptr ? ended->home->retry(kSpread) : std::string();
      });
  reader->stream = std::move(stream);
  reader->home = this;
  reader->beat = static_cast<std::uint32_t>(next_++ % beats_.size());
  reader->beats_left = beats_to_live();
  beats_[reader->beat].push_back(reader);
  if (reader->member != guests_) reader->member->streams.push_back(reader.get());
  if (here_) here_(reader->member->viewer);
  feeds_.join(*reader);
}

std::string Readers::retry(Pause pause) {
  return "retry: " + std::to_string(std::uniform_int_distribution<int>(pause.least, pause.most)(random_)) + "\n\n";
}

/// `reader` may be gone afterwards.
void Readers::leave(Reader& reader) {
  reader.home = nullptr;
  feeds_.leave(reader);
  std::erase(reader.member->streams, &reader);
  std::erase_if(beats_[reader.beat], [&](const auto& each) { return each.get() == &reader; });
}

void Readers::end(Reader& reader, Pause pause) {
  const auto stream = reader.stream;
  stream->send(bytes(retry(pause)));
  stream->close();
  leave(reader);
}

void Readers::member_changed(UserId id) {
  const auto now = std::chrono::steady_clock::now();
  changes_[id] = now;
  if (changes_.size() > kMaxChanges) {
    changes_.clear();
    all_changed_ = now;
  }
  const auto known = places_->members.find(id);
  if (known == places_->members.end()) return;
  const auto member = known->second.lock();
  places_->members.erase(known);
  if (!member) return;
  member->changed = true;
  for (Reader* reader : std::vector(member->streams)) end(*reader, kSoon);
}

void Readers::members_may_have_changed() {
  all_changed_ = std::chrono::steady_clock::now();
  changes_.clear();
  for (const auto& [id, weak] : std::exchange(places_->members, {})) {
    const auto member = weak.lock();
    if (!member) continue;
    member->changed = true;
    for (Reader* reader : std::vector(member->streams)) end(*reader, kSpread);
  }
}

void Readers::arm() {
  timer_.expires_at(timer_.expiry() + kBeatEvery);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    const auto self = weak.lock();
    if (cancelled || !self) return;
    self->beat();
    self->arm();
  });
}

/// Different for each, because thousands come back together after a server stopped.
std::uint16_t Readers::beats_to_live() {
  const int most = static_cast<int>(std::max<std::chrono::seconds::rep>(config_.life / config_.heartbeat, 1));
  return static_cast<std::uint16_t>(std::uniform_int_distribution<int>((most + 1) / 2, most)(random_));
}

/// A request that began before a dropped change is treated like one of a changed member: its stream comes anew.
void Readers::drop_old_changes() {
  const Deadline oldest = std::chrono::steady_clock::now() - kKeepChanges;
  std::erase_if(changes_, [&](const auto& change) {
    if (change.second >= oldest) return false;
    all_changed_ = std::max(all_changed_, change.second);
    return true;
  });
}

/// A session that runs out tells nobody: so members come back now and then, and are asked who they are.
void Readers::beat() {
  hand_ = (hand_ + 1) % beats_.size();
  drop_old_changes();
  std::vector<std::shared_ptr<Reader>> old;
  for (const auto& reader : beats_[hand_]) {
    reader->stream->send(heartbeat_);
    if (here_) here_(reader->member->viewer);
    if (reader->member != guests_ && --reader->beats_left == 0) old.push_back(reader);
  }
  for (const auto& reader : old) end(*reader, kSoon);
}

}  // namespace ms::live
