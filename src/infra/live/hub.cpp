#include "infra/live/hub.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "infra/live/channels.hpp"
#include "infra/live/publisher.hpp"
#include "infra/live/subscribers.hpp"

namespace ms::live {

struct Hub::Impl {
  Impl(asio::io_context& io, const redis::Config& redis, const secret::Keyring& all, const Config& config)
      : keys(all.derived(Publisher::kPurpose)),
        channels(std::make_shared<Channels>(io, config.sweep)),
        subscribers(std::make_shared<Subscribers>(io, config, *channels)),
        subscriber(
            io, redis, {Publisher::kChannel},
            [this](std::string_view, std::string_view message) {
              if (const auto authentic = Publisher::authentic(keys, message)) channels->on_message(*authentic);
            },
            [to = channels.get()](bool connected) { to->subscribed_by_redis(connected); }) {
    channels->start();
    subscribers->start();
  }

  const secret::Keyring keys;
  std::shared_ptr<Channels> channels;
  std::shared_ptr<Subscribers> subscribers;
  redis::Subscriber subscriber;
};

Hub::Hub(asio::io_context& io, const redis::Config& redis, const secret::Keyring& keys, Config config)
    : impl_(std::make_shared<Impl>(io, redis, keys, config)) {}

Hub::~Hub() {
  impl_->subscriber.close();
  impl_->subscribers->close();
  impl_->channels->close();
}

void Hub::add(char kind, std::shared_ptr<Source> source) { impl_->channels->add(kind, std::move(source)); }

void Hub::on_tick(std::function<void(const session::Viewer&)> handler) {
  impl_->subscribers->on_tick(std::move(handler));
}

void Hub::on_publish(std::function<void(const Topic*)> handler) { impl_->channels->on_publish(std::move(handler)); }

async<Result<Hub::Admission>> Hub::admit(const Call& call, session::Viewer viewer, std::vector<Position> positions,
                                         bool reload) {
  const auto impl = impl_;
  const auto foreign = std::erase_if(positions, [&](const Position& position) {
    const Source* source = impl->channels->source(position.topic.kind);
    return source != nullptr && source->of_member() && position.topic.id != viewer.id.value;
  });
  reload = reload || foreign > 0;
  if (reload) {
    // Above every number, so that each is corrected like a number from the future.
    for (Position& position : positions) position.number = std::numeric_limits<std::int64_t>::max();
  }
  auto admitted = impl->subscribers->admit(std::move(viewer), call.started(), std::move(positions), reload);
  if (!admitted) co_return Unexpected(admitted.error());
  const std::shared_ptr<Subscription> subscription = *admitted;
  for (const Position& position : subscription->positions) {
    Source* source = impl->channels->source(position.topic.kind);
    if (source == nullptr) co_return fail(ErrorCode::not_found, "error.not_found"_msg);
    auto allowed = co_await source->may_follow(call, subscription->member->viewer, position.topic.id);
    if (!allowed) co_return Unexpected(allowed.error());
  }
  co_return Admission{subscription};
}

void Hub::open(Admission admission, std::shared_ptr<http::Stream> stream) {
  impl_->subscribers->open(admission.subscription, std::move(stream));
}

void Hub::on_message(std::string_view message) { impl_->channels->on_message(message); }

void Hub::member_changed(MemberId member) { impl_->subscribers->member_changed(member); }

void Hub::members_may_have_changed() { impl_->subscribers->members_may_have_changed(); }

State Hub::state() const {
  const StreamCounts& counts = impl_->subscribers->counts();
  return {counts.count, counts.members.size(), impl_->channels->size(), impl_->channels->subscribed_by_redis()};
}

}  // namespace ms::live
