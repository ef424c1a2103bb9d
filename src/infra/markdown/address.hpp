#pragma once
#include <cstddef>
#include <string_view>

// Addresses in plain text. Korean attaches particles to them ("…/notice에서"), so an address ends where Korean text
// begins: docs/decisions/0028-markdown.md has the rule.
namespace ms::markdown {

/// The size in bytes of the web address at `at` ("http://", "https://", "www."); 0 when there is none. `marks` around
/// it do not belong to its end. Pure; the cost is proportional to the address.
std::size_t web_address(std::string_view text, std::size_t at, std::string_view marks);

/// A mail address around the "@" at `at`, starting at `from` or later; size 0 when there is none.
struct MailAddress {
  std::size_t at = 0;
  std::size_t size = 0;
};
/// Whether the "_" at `at` belongs to a mail address: "hong_gildong@naver.com".
bool is_in_mail_address(std::string_view text, std::size_t at);
MailAddress mail_address(std::string_view text, std::size_t from, std::size_t at);

}  // namespace ms::markdown
