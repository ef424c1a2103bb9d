// Archives for `minschool restore`: refused with the reason, or read to the end; extracted files stay in their folder.
#include "apps/cli/archive.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "apps/cli/command.hpp"
#include "apps/cli/tool.hpp"
#include "work.hpp"

namespace {

namespace fs = std::filesystem;
namespace cli = ms::cli;
using ms::fuzz::require;

/// The folder that is taken out into, alone in another one that stays as it is.
const fs::path& folder() {
  static const fs::path made = [] {
    std::string path = "/tmp/fuzz_archive_XXXXXX";
    require(::mkdtemp(path.data()) != nullptr, "no folder", path);
    const fs::path out = fs::path(path) / "in";
    fs::create_directory(out);
    return out;
  }();
  return made;
}

void extract_all(const std::string& path) {
  cli::ArchiveReader archive(path, nullptr);
  while (const auto entry = archive.next()) archive.extract(entry->name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const ms::File file(::memfd_create("archive", MFD_CLOEXEC));
  cli::write_all(file.get(), reinterpret_cast<const char*>(data), size);
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  try {
    cli::verify(path, nullptr);
  } catch (const cli::Failure&) {}
  const fs::path here = fs::current_path();
  fs::create_directory(folder());
  fs::current_path(folder());
  try {
    extract_all(path);
  } catch (const cli::Failure&) {}
  fs::current_path(here);
  fs::remove_all(folder());
  require(fs::is_empty(folder().parent_path()), "it wrote outside of its folder", path);
  return 0;
}
