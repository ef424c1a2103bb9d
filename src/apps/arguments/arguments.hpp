#pragma once
#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Command line parsing for all programs, so that their error messages are alike.
namespace ms::arguments {

inline constexpr int kUsage = 2;  ///< exit status for wrong arguments

/// Parses the command line; runs the callbacks of subcommands and lets their exceptions through. Nothing when it is
/// valid; else the exit status: 0 after --help and --version, kUsage after one line on standard error that names the
/// wrong word and, if there is one, the likely one.
std::optional<int> parse(CLI::App& app, int argc, const char* const* argv);

/// The candidate that `word` most likely means: one that starts with it, or within a few typos of it (optimal string
/// alignment distance); nothing when none is close.
std::optional<std::string> likely(std::string_view word, const std::vector<std::string>& candidates);

/// The error of parse() for the first word that no command, option or argument accepts; "" when there is none.
std::string unknown_word(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace ms::arguments
