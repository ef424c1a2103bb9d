#pragma once
#include <chrono>
#include <cstdint>

namespace ms::sandbox {

/// What a restricted process may use. The kernel enforces all of it but `wall`, which is the parent's.
struct Limits {
  std::chrono::milliseconds wall{100'000};  ///< much more than `cpu`: it has the lowest priority
  std::chrono::seconds cpu{20};
  std::uint64_t memory = 1536ULL << 20;  ///< bytes of address space; not in builds with AddressSanitizer
  std::uint64_t output = 96ULL << 20;    ///< bytes of output, and of messages
};

}  // namespace ms::sandbox
