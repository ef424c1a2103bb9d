#pragma once
#include <climits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "infra/config/config.hpp"

namespace ms::config {

/// A text; `check` returns what it must be ("an http or https URL"), or nothing when it is valid.
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

/// A list of texts, separated by commas in the environment. `check` returns what is wrong with it, or nothing.
struct List {
  std::vector<std::string>& (*of)(Settings&);
  std::string (*check)(const std::vector<std::string>&);
};

/// A text that is never shown and may be in a file of its own (`<key>_file`).
struct Secret {
  std::string& (*of)(Settings&);
  std::size_t least_length = 0;
  std::vector<std::string>& (*older)(Settings&) =
      nullptr;  ///< where the second and later lines go, if they are allowed
};

/// One key of the configuration.
struct Key {
  std::string_view section;
  std::string_view name;
  std::string_view doc;  ///< one English sentence for the example file
  std::variant<Text, Number, Flag, List, Secret> value;
  bool by_program = false;  ///< the default differs between programs
};

/// All keys in the order of the example file, grouped by section.
std::span<const Key> keys();

/// The description of a section for the example file; empty when there is no such section.
std::string_view section_doc(std::string_view section);

}  // namespace ms::config
