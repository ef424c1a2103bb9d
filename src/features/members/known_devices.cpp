#include "features/members/known_devices.hpp"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "infra/core/secret.hpp"

namespace ms::members {
namespace {

constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kMaxCookie = 1000;

// The cookie consists of entries separated by '~'; each is "seconds.random.tag", and the first two form the nonce.
// Neither base64 nor base64url has any of these characters.
struct Entry {
  std::string_view text;
  std::string_view nonce;
  std::string_view tag;
};

std::vector<Entry> entries_of(std::string_view cookie) {
  std::vector<Entry> out;
  if (cookie.size() > kMaxCookie) return out;
  while (!cookie.empty() && out.size() < KnownDevices::kMaxAccounts) {
    const auto end = cookie.find('~');
    const std::string_view text = cookie.substr(0, end);
    const auto dot = text.rfind('.');
    if (dot != text.npos) out.push_back({text, text.substr(0, dot), text.substr(dot + 1)});
    cookie = end == cookie.npos ? std::string_view() : cookie.substr(end + 1);
  }
  return out;
}

std::int64_t seconds(Timestamp at) { return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count(); }

bool is_fresh(std::string_view nonce, Timestamp at) {
  std::int64_t made = 0;
  const auto [end, fault] = std::from_chars(nonce.data(), nonce.data() + nonce.size(), made);
  return fault == std::errc() && made > seconds(at - KnownDevices::kLifetime);
}

}  // namespace

KnownDevices::KnownDevices(const secret::Keyring& keys, std::string realm)
    : keys_(keys.derived("known device")), realm_(std::move(realm)) {}

std::string KnownDevices::claim(std::string_view nonce, std::string_view email) const {
  return fmt::format("{}\n{}\n{}", realm_, nonce, email);
}

std::optional<std::string> KnownDevices::find(std::string_view cookie, std::string_view email, Timestamp at) const {
  for (const Entry& entry : entries_of(cookie)) {
    if (is_fresh(entry.nonce, at) && keys_.is_tag_of(entry.tag, claim(entry.nonce, email))) {
      return std::string(entry.nonce);
    }
  }
  return std::nullopt;
}

std::string KnownDevices::add(std::string_view cookie, std::string_view email, Timestamp at) const {
  const std::string nonce = fmt::format("{}.{}", seconds(at), secret::random_text(kNonceBytes));
  std::string out = fmt::format("{}.{}", nonce, keys_.tag(claim(nonce, email)));
  std::size_t accounts = 1;
  for (const Entry& entry : entries_of(cookie)) {
    const bool same = keys_.is_tag_of(entry.tag, claim(entry.nonce, email));
    if (same || !is_fresh(entry.nonce, at) || accounts++ == kMaxAccounts) continue;
    out.append("~").append(entry.text);
  }
  return out;
}

}  // namespace ms::members
