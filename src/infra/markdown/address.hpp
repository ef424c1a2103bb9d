#pragma once
#include <cstddef>
#include <string_view>

// Addresses that stand in a text without any mark. Korean writes a particle right behind them ("…/notice에서"), so an
// address ends where Korean begins: docs/decisions/0028-markdown.md has the rule.
namespace ms::markdown {

/// The size in bytes of the web address that begins at `at` ("http://", "https://", "www."), 0 when none does. `marks`
/// stand around it and do not belong to its end. Pure; the cost is that of the address.
std::size_t web_address(std::string_view text, std::size_t at, std::string_view marks);

/// A mail address around the "@" at `at`, none of which stands before `from`; size 0 when there is none.
struct MailAddress {
  std::size_t at = 0;
  std::size_t size = 0;
};
/// Whether the "_" at `at` belongs to a mail address: "hong_gildong@naver.com".
bool is_in_mail_address(std::string_view text, std::size_t at);
MailAddress mail_address(std::string_view text, std::size_t from, std::size_t at);

}  // namespace ms::markdown
