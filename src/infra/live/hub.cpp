#include "infra/live/hub.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "infra/live/feeds.hpp"
#include "infra/live/hints.hpp"
#include "infra/live/readers.hpp"

namespace ms::live {

struct Hub::Impl {
  Impl(asio::io_context& io, const redis::Config& redis, const secret::Keyring& all, const Config& config)
      : keys(all.derived(Hints::kPurpose)),
        feeds(std::make_shared<Feeds>(io, config.sweep)),
        readers(std::make_shared<Readers>(io, config, *feeds)),
        subscriber(
            io, redis, {Hints::kChannel},
            [this](std::string_view, std::string_view message) {
              if (const auto heard = Hints::authentic(keys, message)) feeds->hint(*heard);
            },
            [to = feeds.get()](bool connected) { to->hints_by_redis(connected); }) {
    feeds->start();
    readers->start();
  }

  const secret::Keyring keys;
  std::shared_ptr<Feeds> feeds;
  std::shared_ptr<Readers> readers;
  redis::Subscriber subscriber;
};

Hub::Hub(asio::io_context& io, const redis::Config& redis, const secret::Keyring& keys, Config config)
    : impl_(std::make_shared<Impl>(io, redis, keys, config)) {}

Hub::~Hub() {
  impl_->subscriber.close();
  impl_->readers->close();
  impl_->feeds->close();
}

void Hub::add(char kind, Source& source) { impl_->feeds->add(kind, source); }

void Hub::on_beat(std::function<void(const session::Viewer&)> here) { impl_->readers->on_beat(std::move(here)); }

void Hub::on_hint(std::function<void(const Topic*)> told) { impl_->feeds->on_hint(std::move(told)); }

async<Result<Hub::Admission>> Hub::admit(const Call& call, session::Viewer viewer, std::vector<Mark> marks,
                                         bool reload) {
  const auto impl = impl_;
  const auto foreign = std::erase_if(
      marks, [&](const Mark& mark) { return mark.topic.kind == 'u' && mark.topic.id != viewer.id.value; });
  reload = reload || foreign > 0;
  if (reload) {
    // Beyond everything: each is put right like a number from the future.
    for (Mark& mark : marks) mark.number = std::numeric_limits<std::int64_t>::max();
  }
  auto place = impl->readers->admit(std::move(viewer), call.started(), std::move(marks), reload);
  if (!place) co_return Refused(place.error());
  const std::shared_ptr<Reader> reader = *place;
  for (const Mark& mark : reader->marks) {
    Source* source = impl->feeds->source(mark.topic.kind);
    if (source == nullptr) co_return refuse(Code::not_found, "error.not_found"_msg);
    auto allowed = co_await source->may_follow(call, reader->member->viewer, mark.topic.id);
    if (!allowed) co_return Refused(allowed.error());
  }
  co_return Admission{reader};
}

void Hub::open(Admission admission, std::shared_ptr<http::Stream> stream) {
  impl_->readers->open(admission.reader, std::move(stream));
}

void Hub::hint(std::string_view message) { impl_->feeds->hint(message); }

void Hub::member_changed(UserId member) { impl_->readers->member_changed(member); }

void Hub::members_may_have_changed() { impl_->readers->members_may_have_changed(); }

State Hub::state() const {
  const Places& places = impl_->readers->places();
  return {places.taken, places.members.size(), impl_->feeds->size(), impl_->feeds->hints_by_redis()};
}

}  // namespace ms::live
