#include "infra/io/resolver.hpp"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

namespace ms {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

Resolver::Lookup find(asio::io_context& io, Resolver& resolver, const std::string& host, Deadline deadline) {
  auto found = asio::co_spawn(io, resolver.find(host, deadline), asio::use_future);
  io.restart();
  io.run();
  return found.get();
}

TEST(ResolverTest, ResolvesNamesAndReturnsAddressesAsTheyAre) {
  asio::io_context io{1};
  Resolver resolver(io);
  EXPECT_THAT(find(io, resolver, "localhost", in(20s)).addresses,
              testing::AnyOf(Contains("127.0.0.1"), Contains("::1")));
  EXPECT_THAT(find(io, resolver, "192.0.2.7", in(20s)).addresses, ElementsAre("192.0.2.7"));
  EXPECT_THAT(find(io, resolver, "2001:db8::7", in(20s)).addresses, ElementsAre("2001:db8::7"));
}

TEST(ResolverTest, ReportsWhyThereIsNoAddress) {
  asio::io_context io{1};
  Resolver resolver(io);
  const auto found = find(io, resolver, "no-such-host.invalid", in(20s));
  EXPECT_THAT(found.addresses, IsEmpty());
  EXPECT_THAT(found.error, HasSubstr("no-such-host.invalid"));
}

TEST(ResolverTest, ReturnsAtTheDeadlineAndMayBeDestroyedDuringALookup) {
  asio::io_context io{1};
  auto resolver = std::make_unique<Resolver>(io);
  const auto found = find(io, *resolver, "no-such-host.invalid", std::chrono::steady_clock::now());
  EXPECT_THAT(found.addresses, IsEmpty());
  resolver.reset();
}

TEST(ResolverTest, CallersForOneNameShareALookup) {
  asio::io_context io{1};
  Resolver resolver(io);
  std::vector<std::future<Resolver::Lookup>> all;
  for (int i = 0; i < 100; ++i)
    all.push_back(asio::co_spawn(io, resolver.find("localhost", in(20s)), asio::use_future));
  io.run();
  for (auto& one : all) EXPECT_FALSE(one.get().addresses.empty());
}

}  // namespace
}  // namespace ms
