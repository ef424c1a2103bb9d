#pragma once
#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The command line of every program, so that each says in the same words what is wrong with it.
namespace ms::arguments {

inline constexpr int kUsage = 2;  ///< exit status for wrong arguments

/// Reads the command line; runs the callbacks of subcommands and lets their exceptions through. Nothing when all is
/// right; else the exit status: 0 after --help and --version, kUsage after one line on standard error that names the
/// wrong word and, if there is one, the likely one.
std::optional<int> parse(CLI::App& app, int argc, const char* const* argv);

/// The candidate that `word` most likely means: one that it begins, or that a few slips away from it (optimal string
/// alignment distance); nothing when none is near.
std::optional<std::string> likely(std::string_view word, const std::vector<std::string>& candidates);

/// What parse() says of the first word that no command, option or place takes; "" when there is none.
std::string unknown_word(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace ms::arguments
