#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

// Checks that fuzz targets share. Work is counted and not timed: the same input gives the same number on every machine.
namespace ms::fuzz {

/// Loads from memory by code of this build (not by libraries) since the process began.
std::uint64_t loads() noexcept;

/// Ends the process with a report unless the work since `begin` is at most `fixed` + `per_byte` * `size` loads: what
/// grows faster than the input is found as a crash is.
void check_work(std::uint64_t begin, std::size_t size, std::uint64_t fixed, std::uint64_t per_byte);

/// Ends the process, with `what` and the text that it is about, unless it holds.
void require(bool holds, const char* what, std::string_view text);

/// The input of a target.
inline std::string_view text_of(const unsigned char* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// The first line of the input, which is taken off with its end.
inline std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(line.size() < text.size() ? line.size() + 1 : line.size());
  return line;
}

}  // namespace ms::fuzz
