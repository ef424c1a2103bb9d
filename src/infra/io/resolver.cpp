#include "infra/io/resolver.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_map>

#include "infra/io/use_awaitable.hpp"

namespace ms {
namespace {

using std::chrono::steady_clock;

/// Blocks.
Resolver::Lookup resolve(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int fault = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (fault != 0) return {{}, fault == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(fault)};
  Resolver::Lookup out;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
      continue;
    if (std::ranges::find(out.addresses, text.data()) == out.addresses.end()) out.addresses.emplace_back(text.data());
  }
  ::freeaddrinfo(list);
  return out;
}

/// Access to the event loop for a thread that may outlive it.
struct LoopAccess {
  std::mutex mutex;
  asio::io_context* io;  ///< null: closed
};

}  // namespace

struct Resolver::Impl : std::enable_shared_from_this<Impl> {
  struct Name {
    Lookup last_good;   ///< of the last successful lookup
    std::string error;  ///< of the last lookup; empty when it succeeded
    bool running = false;
    std::vector<std::shared_ptr<io::Timer>> waiters;
  };

  explicit Impl(asio::io_context& context) : io(context), loop(std::make_shared<LoopAccess>()) { loop->io = &context; }

  void begin(const std::string& host, Name& name);
  void finish(const std::string& host, Lookup found);

  asio::io_context& io;
  std::shared_ptr<LoopAccess> loop;
  std::unordered_map<std::string, Name> names;
};

void Resolver::Impl::begin(const std::string& host, Name& name) {
  name.running = true;
  try {
    std::thread([host, access = loop, weak = weak_from_this()] {
      Lookup found = resolve(host);
      const std::lock_guard lock(access->mutex);
      if (access->io == nullptr) return;
      asio::post(*access->io, [host, weak, result = std::move(found)]() mutable {
        if (const auto self = weak.lock()) self->finish(host, std::move(result));
      });
    }).detach();
  } catch (const std::system_error& none) { finish(host, {{}, none.what()}); }
}

void Resolver::Impl::finish(const std::string& host, Lookup found) {
  Name& name = names[host];
  name.running = false;
  name.error = found.addresses.empty() && found.error.empty() ? "no address" : found.error;
  if (!found.addresses.empty()) name.last_good = std::move(found);
  for (const auto& waiter : std::exchange(name.waiters, {})) waiter->cancel();
}

Resolver::Resolver(asio::io_context& io) : impl_(std::make_shared<Impl>(io)) {}

Resolver::~Resolver() {
  const std::lock_guard lock(impl_->loop->mutex);
  impl_->loop->io = nullptr;
}

async<Resolver::Lookup> Resolver::find(std::string host, Deadline deadline) {
  boost::system::error_code no_address;
  asio::ip::make_address(host, no_address);
  if (!no_address) co_return Lookup{{std::move(host)}, {}};
  const auto impl = impl_;
  const auto now = steady_clock::now();
  {
    Impl::Name& name = impl->names[host];
    if (!name.last_good.addresses.empty()) deadline = now + (deadline - now) / 2;
    if (!name.running) impl->begin(host, name);
  }
  if (impl->names[host].running) {
    const auto timer = std::make_shared<io::Timer>(impl->io.get_executor(), deadline);
    impl->names[host].waiters.push_back(timer);
    co_await timer->async_wait(io::kAsTuple);
    std::erase(impl->names[host].waiters, timer);
  }
  const Impl::Name& name = impl->names[host];
  if (!name.last_good.addresses.empty()) co_return name.last_good;
  co_return Lookup{
      {}, "the address of " + host + " is not known: " + (name.running ? "no name server answers" : name.error)};
}

}  // namespace ms
