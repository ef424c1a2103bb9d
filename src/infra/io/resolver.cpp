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
Resolver::Found look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int fault = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (fault != 0) return {{}, fault == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(fault)};
  Resolver::Found out;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
      continue;
    if (std::ranges::find(out.addresses, text.data()) == out.addresses.end()) out.addresses.emplace_back(text.data());
  }
  ::freeaddrinfo(list);
  return out;
}

/// The way back to the event loop for a thread that may outlive it.
struct Gate {
  std::mutex mutex;
  asio::io_context* io;  ///< null: closed
};

}  // namespace

struct Resolver::Impl : std::enable_shared_from_this<Impl> {
  struct Name {
    Found known;        ///< of the last lookup that succeeded
    std::string error;  ///< of the last one, empty when it succeeded
    bool under_way = false;
    std::vector<std::shared_ptr<io::Timer>> waiters;
  };

  explicit Impl(asio::io_context& context) : io(context), gate(std::make_shared<Gate>()) { gate->io = &context; }

  void begin(const std::string& host, Name& name);
  void finish(const std::string& host, Found found);

  asio::io_context& io;
  std::shared_ptr<Gate> gate;
  std::unordered_map<std::string, Name> names;
};

void Resolver::Impl::begin(const std::string& host, Name& name) {
  name.under_way = true;
  try {
    std::thread([host, way = gate, weak = weak_from_this()] {
      Found found = look_up(host);
      const std::lock_guard lock(way->mutex);
      if (way->io == nullptr) return;
      asio::post(*way->io, [host, weak, result = std::move(found)]() mutable {
        if (const auto self = weak.lock()) self->finish(host, std::move(result));
      });
    }).detach();
  } catch (const std::system_error& none) { finish(host, {{}, none.what()}); }
}

void Resolver::Impl::finish(const std::string& host, Found found) {
  Name& name = names[host];
  name.under_way = false;
  name.error = found.addresses.empty() && found.error.empty() ? "no address" : found.error;
  if (!found.addresses.empty()) name.known = std::move(found);
  for (const auto& waiter : std::exchange(name.waiters, {})) waiter->cancel();
}

Resolver::Resolver(asio::io_context& io) : impl_(std::make_shared<Impl>(io)) {}

Resolver::~Resolver() {
  const std::lock_guard lock(impl_->gate->mutex);
  impl_->gate->io = nullptr;
}

async<Resolver::Found> Resolver::find(std::string host, Deadline deadline) {
  boost::system::error_code no_address;
  asio::ip::make_address(host, no_address);
  if (!no_address) co_return Found{{std::move(host)}, {}};
  const auto impl = impl_;
  const auto now = steady_clock::now();
  {
    Impl::Name& name = impl->names[host];
    if (!name.known.addresses.empty()) deadline = now + (deadline - now) / 2;
    if (!name.under_way) impl->begin(host, name);
  }
  if (impl->names[host].under_way) {
    const auto timer = std::make_shared<io::Timer>(impl->io.get_executor(), deadline);
    impl->names[host].waiters.push_back(timer);
    co_await timer->async_wait(io::kAsTuple);
    std::erase(impl->names[host].waiters, timer);
  }
  const Impl::Name& name = impl->names[host];
  if (!name.known.addresses.empty()) co_return name.known;
  co_return Found{
      {}, "the address of " + host + " is not known: " + (name.under_way ? "no name server answers" : name.error)};
}

}  // namespace ms
