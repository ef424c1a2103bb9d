#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// "@이름" in texts; the caller decides who is meant.
namespace ms::markdown {

/// "@이름" or "@이름#57". The name extends over letters and digits, so a particle may be attached: "@이름님은".
struct Mention {
  std::string name;
  std::int64_t id = 0;  ///< 0: not given
  friend bool operator==(const Mention&, const Mention&) = default;
};

/// A mention and its position, starting with its "@".
struct MentionMatch {
  std::size_t at = 0;
  std::size_t size = 0;
  Mention mention;
};

/// The mention at the "@" at `at` of plain text; none in mail addresses and paths. Pure.
std::optional<MentionMatch> mention_at(std::string_view text, std::size_t at);

/// The form of a member's name that can be written after "@".
std::string mentionable(std::string_view name);

}  // namespace ms::markdown
