#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "infra/io/file.hpp"

// Runs other programs that a command needs (pg_dump, tar, …).
namespace ms::cli {

struct Tool {
  std::vector<std::string> words;                       ///< the program, found in PATH, and its arguments
  std::map<std::string, std::string> environment = {};  ///< added to ours; where secrets go, never into `words`
  int in = -1;                                          ///< standard input; -1: nothing
  int out = -1;                                         ///< standard output; -1: discarded
  std::filesystem::path folder = {};                    ///< working directory; empty: the present one
};

/// Runs a program to its end. Throws Failure with the last line of its output when it is missing or fails.
void run(const Tool& tool);
/// The same with a pipe to it (`feed`) or from it (`drain`), used while it runs; the function closes nothing.
void run_fed(Tool tool, const std::function<void(int pipe)>& feed);
void run_drained(Tool tool, const std::function<void(int pipe)>& drain);

struct Output {
  bool good = false;  ///< it exited with 0
  std::string text;   ///< standard output and error, without blanks at the ends; at most 64 KB
};

/// Runs a program of the system with little output, for at most a few seconds. Never throws.
Output output_of(std::vector<std::string> words);

/// Reads until `size` bytes or the end, and returns the number of bytes. Throws Failure.
std::size_t read_up_to(int file, char* bytes, std::size_t size);
/// Throws Failure.
void write_all(int file, const char* bytes, std::size_t size);
/// The same to a pipe; false when its reader has exited, with an error of its own or because it needs no more.
bool offer(int pipe, const char* bytes, std::size_t size);

}  // namespace ms::cli
