#pragma once
#include <filesystem>
#include <string>
#include <string_view>

// The files that setup writes. Each one appears whole or not at all and is reported in one line; a file that is right
// already stays as it is.
namespace ms::cli::setup {

/// Who may read a file: root alone, or also the programs (group minschool, when this machine has it).
enum class Readers { root, programs, everybody };

/// The content; empty when there is no such file. Throws Failure when it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// Writes `content` unless it is there; true when it wrote. Throws Failure.
bool put_file(const std::filesystem::path& path, std::string_view content, Readers readers);

/// Writes `content` only where there is no file; true when it wrote. Rights that are too wide are narrowed.
bool put_new_file(const std::filesystem::path& path, std::string_view content, Readers readers);

/// The secret in the file; generated and written where there is none. Never overwritten.
std::string secret_in(const std::filesystem::path& path, Readers readers);

/// Prints one line about a step.
void print_step(std::string_view line);

}  // namespace ms::cli::setup
