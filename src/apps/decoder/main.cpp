// minschool-decoder OPERATION: reads a stranger's file from descriptor 0 and writes what it is to descriptor 1, in the
// format of infra/decoding/parts.hpp. Started by the Site (infra/decoding/decode.hpp); docs/decisions/0040-decoder.md.
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <optional>
#include <string_view>

#include "apps/decoder/decoder.hpp"
#include "infra/decoding/exit_status.hpp"
#include "infra/sandbox/restrict.hpp"

namespace {

using ms::decoding::Operation;

constexpr std::size_t kMaxMapped = 512 << 20;  // of a longer file the beginning says what it is

std::optional<Operation> operation_of(int argc, char** argv) {
  constexpr std::array kAll{Operation::identify, Operation::prepare, Operation::avatar};
  if (argc != 2) return std::nullopt;
  const auto* const found = std::ranges::find(kAll, std::string_view(argv[1]), ms::decoding::name_of);
  return found == kAll.end() ? std::nullopt : std::optional(*found);
}

/// The input; empty when it is no file.
std::string_view map_input() {
  struct stat about{};
  if (::fstat(STDIN_FILENO, &about) != 0 || about.st_size <= 0) return {};
  const std::size_t size = std::min(static_cast<std::size_t>(about.st_size), kMaxMapped);
  void* const data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0);
  if (data == MAP_FAILED) throw std::system_error(errno, std::system_category(), "input");
  return {static_cast<const char*>(data), size};
}

int fail(int status, const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return status;
}

}  // namespace

// At its end the leak checker would trace this process, which is forbidden to it.
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }  // NOLINT: the sanitizer's name

int main(int argc, char** argv) {
  const auto operation = operation_of(argc, argv);
  if (!operation) return ms::decoding::kUsage;
  std::optional<ms::decoder::Decoder> decoder;
  try {
    decoder.emplace();
    ms::sandbox::restrict_process({}, ms::sandbox::library_data());
  } catch (const std::exception& error) { return fail(ms::decoding::kCannotRestrict, error); }
  try {
    ms::decoder::Output output(STDOUT_FILENO);
    decoder->run(*operation, map_input(), output);
  } catch (const std::exception& error) { return fail(ms::decoding::kFailed, error); }
  // Without destructors and handlers: what is left to do is the kernel's.
  ::_exit(0);
}
