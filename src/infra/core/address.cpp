#include "infra/core/address.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace ms {
namespace {

constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t kNetworkBytes = 8;  // of a /64

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> name{};  // inet_pton needs a terminated string
  if (text.size() >= name.size()) return std::nullopt;
  std::ranges::copy(text, name.begin());
  IpAddress out;
  if (inet_pton(AF_INET6, name.data(), out.bytes.data()) == 1) return out;
  std::ranges::copy(kMapped, out.bytes.begin());
  if (inet_pton(AF_INET, name.data(), out.bytes.data() + kMapped.size()) != 1) return std::nullopt;
  return out;
}

bool IpAddress::is_v4() const noexcept { return std::equal(kMapped.begin(), kMapped.end(), bytes.begin()); }

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> name{};
  const bool v4 = is_v4();
  inet_ntop(v4 ? AF_INET : AF_INET6, bytes.data() + (v4 ? kMapped.size() : 0), name.data(), name.size());
  return name.data();
}

ClientAddress::ClientAddress(std::string_view text) : text_(text) {
  if (auto address = IpAddress::parse(text)) {
    text_ = address->text();
    if (!address->is_v4()) {
      std::fill(address->bytes.begin() + kNetworkBytes, address->bytes.end(), 0);
      visitor_ = address->text() + "/64";
      return;
    }
  }
  visitor_ = text_;
}

}  // namespace ms
