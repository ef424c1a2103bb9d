// Topics collect in a set while one message is under way, so a busy site sends few messages with many topics. Messages
// need no confirmation: the hub's sweep makes up for a lost one.
#include "infra/live/publisher.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "infra/io/async_event.hpp"
#include "infra/io/sleep.hpp"
#include "infra/io/use_awaitable.hpp"

namespace ms::live {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMaxWaiting = 4096;          // topics; more are left to the sweeps
constexpr std::size_t kMaxTopicsPerMessage = 300;  // topics; NOTIFY takes 8,000 bytes, and a topic is at most 21
constexpr milliseconds kPublishTimeout{1000};      // of one message
constexpr milliseconds kPause{200};                // while neither Redis nor PostgreSQL takes it
constexpr int kTries = 5;

constexpr pg::Query kNotify{"live.notify", "select pg_notify('live', $1)"};

}  // namespace

struct Publisher::Impl {
  Impl(asio::io_context& context, pg::Db& database, redis::Client& client, secret::Keyring derived)
      : io(context), db(database), redis(client), keys(std::move(derived)), idle(std::make_shared<io::AsyncEvent>()) {}

  static async<> send_all(std::shared_ptr<Impl> self);
  static async<bool> by_redis(std::shared_ptr<Impl> self, std::string message);
  static async<bool> by_postgres(std::shared_ptr<Impl> self, std::string message);
  std::vector<Topic> take();

  asio::io_context& io;
  pg::Db& db;            // destroyed when `closed`
  redis::Client& redis;  // destroyed when `closed`
  secret::Keyring keys;
  std::shared_ptr<io::AsyncEvent> idle;  // notified when no topic waits any more
  std::set<Topic> waiting;
  bool sending = false;
  bool closed = false;
};

std::vector<Topic> Publisher::Impl::take() {
  std::vector<Topic> taken;
  while (!waiting.empty() && taken.size() < kMaxTopicsPerMessage) {
    taken.push_back(*waiting.begin());
    waiting.erase(waiting.begin());
  }
  return taken;
}

async<> Publisher::Impl::send_all(std::shared_ptr<Impl> self) {
  co_await asio::post(io::kUseAwaitable);  // topics of the same turn of the loop go out together
  int failures = 0;
  while (!self->closed && !self->waiting.empty()) {
    const std::vector<Topic> topics = self->take();
    std::string message;
    for (const Topic& topic : topics) {
      if (!message.empty()) message += ',';
      message += text(topic);
    }
    bool sent = co_await by_redis(self, message);
    if (!sent && !self->closed) sent = co_await by_postgres(self, message);
    if (sent) {
      failures = 0;
    } else if (++failures < kTries) {
      self->waiting.insert(topics.begin(), topics.end());
      co_await sleep_for(kPause);
    } else {
      spdlog::warn("live: neither Redis nor PostgreSQL takes publications; {} topics are left to the sweeps",
                   topics.size() + std::exchange(self->waiting, {}).size());
    }
  }
  self->sending = false;
  self->idle->notify_all();
}

async<bool> Publisher::Impl::by_redis(std::shared_ptr<Impl> self, std::string message) {
  const Call call(steady_clock::now() + kPublishTimeout, "live");
  redis::Command publish("PUBLISH", kChannel, message);
  const auto reply = co_await self->redis.execute(call, std::move(publish));
  co_return reply && !reply->is_error();
}

async<bool> Publisher::Impl::by_postgres(std::shared_ptr<Impl> self, std::string message) {
  const Call call(steady_clock::now() + kPublishTimeout, "live");
  try {
    pg::Batch batch = self->db.batch(call);  // sent again after a lost connection: twice does no harm
    batch.add(kNotify, message);
    co_await batch.send();
    co_return true;
  } catch (const pg::Unavailable&) {
    // tried again
  } catch (const std::exception& bug) { spdlog::error("live: {}", bug.what()); }
  co_return false;
}

Publisher::Publisher(asio::io_context& io, pg::Db& db, redis::Client& redis, const secret::Keyring& keys)
    : impl_(std::make_shared<Impl>(io, db, redis, keys.derived(kPurpose))) {}

std::optional<std::string> Publisher::authentic(const secret::Keyring& keys, std::string_view message) {
  if (!message.contains(' ')) return std::string(message);
  const auto last = message.rfind(' ');
  if (!keys.is_tag_of(message.substr(last + 1), message.substr(0, last))) return std::nullopt;
  return std::string(message.substr(0, last));
}

Publisher::~Publisher() {
  impl_->closed = true;
  impl_->waiting.clear();
}

void Publisher::publish(Topic topic) {
  if (impl_->waiting.size() >= kMaxWaiting) return;
  impl_->waiting.insert(topic);
  if (std::exchange(impl_->sending, true)) return;
  asio::co_spawn(impl_->io, Impl::send_all(impl_), asio::detached);
}

void Publisher::publish_transient(Topic topic, std::string_view what) {
  if (what.size() > kMaxTransientBytes) return;
  std::string message = text(topic);
  message.append(" ").append(what);
  const std::string tag = impl_->keys.tag(message);
  message.append(" ").append(tag);
  impl_->redis.fire_and_forget(redis::Command("PUBLISH", kChannel, message));
}

async<> Publisher::flush(Deadline deadline) {
  const auto impl = impl_;
  while (impl->sending && steady_clock::now() < deadline) co_await io::AsyncEvent::wait(impl->idle, deadline);
}

}  // namespace ms::live
