#pragma once
#include <climits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "infra/config/config.hpp"

namespace ms::config {

/// A text; `check` says what it must be ("an http or https URL") or nothing when it is fine.
struct Text {
  std::string& (*of)(Settings&);
  std::string_view (*check)(std::string_view) = nullptr;
};

/// A whole number from `least` to `most`.
struct Number {
  int& (*of)(Settings&);
  int least = 0;
  int most = INT_MAX;
};

struct Flag {
  bool& (*of)(Settings&);
};

/// A list of texts; in the environment separated by commas. `check` says what is wrong with it or nothing.
struct List {
  std::vector<std::string>& (*of)(Settings&);
  std::string (*check)(const std::vector<std::string>&);
};

/// A text that is never shown and may stand in a file of its own (`<key>_file`).
struct Secret {
  std::string& (*of)(Settings&);
  std::size_t least_length = 0;
  std::vector<std::string>& (*older)(Settings&) =
      nullptr;  ///< where the second and later lines go, if there may be any
};

/// One key of the configuration.
struct Key {
  std::string_view section;
  std::string_view name;
  std::string_view doc;  ///< one English sentence for the example file
  std::variant<Text, Number, Flag, List, Secret> value;
  bool by_program = false;  ///< the default differs between programs
};

/// All keys, those of one section together, in the order of the example file.
std::span<const Key> keys();

/// What a section is about, for the example file; empty when there is no such section.
std::string_view section_doc(std::string_view section);

}  // namespace ms::config
