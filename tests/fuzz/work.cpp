#include "work.hpp"

#include <cstdio>
#include <cstdlib>

namespace {
std::uint64_t counted = 0;
}  // namespace

// Called before each load (clang's SanitizerCoverage, trace-loads).
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): clang's names
void __sanitizer_cov_load1(const void* /*address*/) { ++counted; }
void __sanitizer_cov_load2(const void* /*address*/) { ++counted; }
void __sanitizer_cov_load4(const void* /*address*/) { ++counted; }
void __sanitizer_cov_load8(const void* /*address*/) { ++counted; }
void __sanitizer_cov_load16(const void* /*address*/) { ++counted; }
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
}

namespace ms::fuzz {

std::uint64_t loads() noexcept { return counted; }

void check_work(std::uint64_t begin, std::size_t size, std::uint64_t fixed, std::uint64_t per_byte) {
  const std::uint64_t work = counted - begin;
  const std::uint64_t limit = fixed + per_byte * size;
  if (work <= limit) return;
  std::fprintf(stderr, "too much work: %llu loads for %zu bytes, at most %llu\n", static_cast<unsigned long long>(work),
               size, static_cast<unsigned long long>(limit));
  std::abort();
}

void require(bool holds, const char* what, std::string_view text) {
  if (holds) return;
  std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(text.size()), text.data());
  std::abort();
}

}  // namespace ms::fuzz
