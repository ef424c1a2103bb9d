#pragma once
#include <cstddef>
#include <cstdint>

// How much a fuzz target works, counted and not timed: the same input gives the same number on every machine.
namespace ms::fuzz {

/// Loads from memory by code of this build (not by libraries) since the process began.
std::uint64_t loads() noexcept;

/// Ends the process with a report unless the work since `begin` is at most `fixed` + `per_byte` * `size` loads: what
/// grows faster than the input is found as a crash is.
void check_work(std::uint64_t begin, std::size_t size, std::uint64_t fixed, std::uint64_t per_byte);

}  // namespace ms::fuzz
