#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// "@이름" in what people write: who is meant is for the caller to know.
namespace ms::markdown {

/// "@이름" or "@이름#57". The name goes on as long as letters and digits do, so a particle may hang on it: "@이름님은".
struct Mention {
  std::string name;
  std::int64_t id = 0;  ///< 0: not given
  friend bool operator==(const Mention&, const Mention&) = default;
};

/// A mention and where it stands, from its "@" on.
struct Spot {
  std::size_t at = 0;
  std::size_t size = 0;
  Mention mention;
};

/// The mention that begins with the "@" at `at` of a piece of plain text; none in mail addresses and paths. Pure.
std::optional<Spot> mention_at(std::string_view text, std::size_t at);

/// What is left of a member's name when it is written behind "@".
std::string mentionable(std::string_view name);

}  // namespace ms::markdown
