#include "infra/process/startup_pages.hpp"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace ms::process {
namespace {

std::span<const ElfW(Phdr)> segments_of(const dl_phdr_info& object) { return {object.dlpi_phdr, object.dlpi_phnum}; }

/// Whether the loader writes relocations into the object's code: such pages differ from the file.
bool has_written_code(const dl_phdr_info& object) {
  for (const auto& segment : segments_of(object)) {
    if (segment.p_type != PT_DYNAMIC) continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader gives addresses as numbers
    const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(object.dlpi_addr + segment.p_vaddr);
    for (; entry->d_tag != DT_NULL; ++entry) {
      if (entry->d_tag == DT_TEXTREL) return true;
      if (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL) != 0) return true;
    }
  }
  return false;
}

/// The loader holds its lock during the call: nothing is loaded or unloaded.
int release_pages(dl_phdr_info* object, std::size_t, void*) {
  if (std::string_view(object->dlpi_name).starts_with("linux-vdso") || has_written_code(*object)) return 0;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (const auto& segment : segments_of(*object)) {
    // Data that is written, or was written before it became read-only (RELRO), has a segment of its own.
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t at = object->dlpi_addr + segment.p_vaddr;
    const std::uintptr_t begin = (at + page - 1) / page * page;
    const std::uintptr_t end = (at + segment.p_filesz) / page * page;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): as above
    if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void release_startup_pages() { ::dl_iterate_phdr(release_pages, nullptr); }

}  // namespace ms::process
