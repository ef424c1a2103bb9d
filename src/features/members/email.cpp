#include "features/members/email.hpp"

#include <algorithm>

#include "infra/unicode/unicode.hpp"

namespace ms::members {
namespace {

constexpr std::size_t kLocalLimit = 64;    // RFC 5321 4.5.3.1.1
constexpr std::size_t kDomainLimit = 253;  // RFC 1035 2.3.4, without the root's dot
constexpr std::size_t kLabelLimit = 63;

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLabelLimit && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

bool is_domain(std::string_view domain) {
  if (domain.size() > kDomainLimit || !domain.contains('.')) return false;
  while (true) {
    const auto dot = domain.find('.');
    if (!is_label(domain.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    domain.remove_prefix(dot + 1);
  }
}

bool is_local(std::string_view local) {
  if (local.empty() || local.size() > kLocalLimit) return false;
  return std::ranges::all_of(local, [](char c) {
    return static_cast<unsigned char>(c) >= 0x80 || is_letter_or_digit(c) ||
           std::string_view(".!#$%&'*+/=?^_`{|}~-").contains(c);
  });
}

}  // namespace

std::string normal_email(std::string_view typed) {
  const unicode::Line line(typed);
  if (!line.pure()) return {};
  std::string address = unicode::lower(unicode::nfkc(line));
  const auto at = address.rfind('@');
  if (at == std::string::npos) return address;
  return address.substr(0, at + 1) + unicode::ascii_domain(std::string_view(address).substr(at + 1));
}

bool is_email(std::string_view normal) {
  const auto at = normal.rfind('@');
  if (at == std::string_view::npos || normal.size() > kEmailLimit) return false;
  // What a name of another script may hold is what a line may hold: no spaces, nothing invisible.
  const std::string_view local = normal.substr(0, at);
  const bool clean = unicode::Line(local).text() == local && unicode::has_only_word_characters(local);
  return is_local(local) && clean && is_domain(normal.substr(at + 1));
}

}  // namespace ms::members
