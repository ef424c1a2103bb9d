// Where a request comes from and goes to: origins, hosts, addresses of visitors and the chain of proxies. All are
// compared, so each has one way of writing.
#include "infra/config/proxies.hpp"
#include "infra/core/address.hpp"
#include "infra/core/text.hpp"
#include "infra/web/origin.hpp"
#include "work.hpp"

namespace {

using ms::ClientAddress;
using ms::fuzz::require;
using ms::web::Origin;

constexpr std::uint64_t kFixed = 20'000;
constexpr std::uint64_t kPerByte = 1'000;

void check_origin(std::string_view text) {
  const auto origin = Origin::parse(text);
  if (!origin) return;
  require(!origin->host.empty() && ms::ascii_lower(origin->host) == origin->host, "a host", text);
  const std::string written =
      (origin->secure ? "https://" : "http://") + origin->host + ":" + std::to_string(origin->port);
  require(Origin::parse(written) == origin, "another origin when it is read again", written);
}

void check_address(std::string_view text) {
  const ClientAddress one{text};
  const ClientAddress again{one.text()};
  require(again.text() == one.text() && again.visitor() == one.visitor(), "another address when read again", text);
}

void check_chain(std::string_view chain) {
  static const auto ours = ms::config::TrustedProxies::parse({"127.0.0.0/8", "fd00::/8"}).value();
  const auto begin = ms::fuzz::loads();
  const std::string client = ours.client("127.0.0.1", chain);
  ms::fuzz::check_work(begin, chain.size(), kFixed, kPerByte);
  require(ours.client("192.0.2.1", chain) == "192.0.2.1", "an untrusted address was accepted", chain);
  require(client == "127.0.0.1" || chain.contains(client), "an address out of nothing", chain);
  require(ours.client("127.0.0.1", std::string(chain) + ", 192.0.2.7") == "192.0.2.7", "whoever writes more", chain);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = ms::fuzz::text_of(data, size);
  check_origin(text);
  check_address(text);
  check_chain(text);
  return 0;
}
