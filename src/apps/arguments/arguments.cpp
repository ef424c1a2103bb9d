#include "apps/arguments/arguments.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iostream>

namespace ms::arguments {
namespace {

/// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
std::size_t slips(std::string_view from, std::string_view to) {
  std::vector<std::vector<std::size_t>> table(from.size() + 1, std::vector<std::size_t>(to.size() + 1));
  for (std::size_t i = 0; i <= from.size(); ++i) {
    for (std::size_t j = 0; j <= to.size(); ++j) {
      if (i == 0 || j == 0) {
        table[i][j] = i + j;
        continue;
      }
      const std::size_t differs = from[i - 1] == to[j - 1] ? 0 : 1;
      table[i][j] = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + differs});
      if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]) {
        table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
      }
    }
  }
  return table[from.size()][to.size()];
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* one) { return !one->get_name().empty(); });
}

std::vector<std::string> names_of(const CLI::App& app) {
  std::vector<std::string> out;
  for (const CLI::App* one : commands_of(app)) out.push_back(one->get_name());
  return out;
}

/// "minschool user": the commands before the word on the command line.
std::string path_of(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : path_of(*app.get_parent()) + " " + app.get_name();
}

/// The option of the command, or of its parents, because options fall through.
const CLI::Option* option_named(const CLI::App& app, const std::string& name) {
  for (const CLI::App* one = &app; one != nullptr; one = one->get_parent()) {
    if (const CLI::Option* found = one->get_option_no_throw(name)) return found;
  }
  return nullptr;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> out;
  for (const CLI::App* one = &app; one != nullptr; one = one->get_parent()) {
    for (const CLI::Option* option : one->get_options()) {
      for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
      for (const std::string& name : option->get_snames()) out.push_back("-" + name);
    }
  }
  return out;
}

std::string meant(const std::optional<std::string>& guess) {
  return guess ? fmt::format("; did you mean {}?", *guess) : "";
}

std::string no_option(const CLI::App& app, const std::string& word) {
  const auto guess = likely(word, option_names(app));
  return fmt::format("{} has no option {}{}", path_of(app), word,
                     guess ? meant(guess) : fmt::format("; see {} --help", path_of(app)));
}

std::string no_command(const CLI::App& app, const std::string& word) {
  const std::vector<std::string> names = names_of(app);
  if (const auto guess = likely(word, names))
    return fmt::format("{} has no command \"{}\"{}", path_of(app), word, meant(guess));
  // The word is a subcommand of a command that was left out.
  for (const CLI::App* one : commands_of(app)) {
    const auto below = names_of(*one);
    if (std::ranges::find(below, word) == below.end()) continue;
    return fmt::format("{} has no command \"{}\"; did you mean {} {}?", path_of(app), word, one->get_name(), word);
  }
  return fmt::format("{} has no command \"{}\"; there are: {}", path_of(app), word, fmt::join(names, ", "));
}

std::size_t places_of(const CLI::App& app) {
  std::size_t out = 0;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) out += static_cast<std::size_t>(option->get_items_expected_max());
  }
  return out;
}

const CLI::App* command_named(const CLI::App& app, const std::string& word) {
  const auto all = commands_of(app);
  const auto found = std::ranges::find(all, word, [](const CLI::App* one) { return one->get_name(); });
  return found == all.end() ? nullptr : *found;
}

}  // namespace

std::optional<std::string> likely(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr std::size_t kLettersPerTypo = 3;  // one typo in "usr", two in "bakcpu"
  std::optional<std::string> best;
  std::size_t least = std::max<std::size_t>(1, word.size() / kLettersPerTypo) + 1;
  for (const std::string& candidate : candidates) {
    const bool begins = word.size() >= kLettersPerTypo && candidate.starts_with(word);
    const std::size_t away = begins ? 1 : slips(word, candidate);
    if (away >= least || away >= candidate.size()) continue;
    least = away;
    best = candidate;
  }
  return best;
}

std::string unknown_word(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* at = &app;
  std::size_t places = 0;
  bool options_over = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!options_over && word == "--") {
      options_over = true;
      continue;
    }
    if (!options_over && word.size() > 1 && word.starts_with('-')) {
      const auto equals = word.find('=');
      const CLI::Option* option = option_named(*at, word.substr(0, equals));
      if (option == nullptr) return no_option(*at, word.substr(0, equals));
      const int most = option->get_items_expected_max();
      for (int taken = 0; equals == word.npos && taken < most && i + 1 < words.size(); ++taken) {
        if (taken >= option->get_items_expected_min() && words[i + 1].starts_with('-')) break;
        ++i;
      }
      continue;
    }
    if (const CLI::App* below = options_over ? nullptr : command_named(*at, word)) {
      at = below;
      places = 0;
      continue;
    }
    if (!commands_of(*at).empty()) return no_command(*at, word);
    if (++places > places_of(*at)) return fmt::format("\"{}\" is one word too many for {}", word, path_of(*at));
  }
  if (const auto names = names_of(*at); at->get_require_subcommand_min() > 0 && !names.empty()) {
    return fmt::format("{} needs a command: {}", path_of(*at), fmt::join(names, ", "));
  }
  return "";
}

std::optional<int> parse(CLI::App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& fault) {
    if (fault.get_exit_code() == 0) return app.exit(fault);
    const std::string named = unknown_word(app, {argv + 1, argv + argc});
    std::cerr << fmt::format("{}: {}\n", app.get_name(), named.empty() ? fault.what() : named);
    return kUsage;
  }
}

}  // namespace ms::arguments
