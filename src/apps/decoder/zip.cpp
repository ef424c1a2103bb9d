#include "apps/decoder/zip.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <memory>
#include <optional>
#include <utility>

namespace ms::decoder {
namespace {

constexpr int kMaxEntries = 20'000;
constexpr std::size_t kMaxBytes = 64 << 20;  // of all contents that are unpacked
constexpr std::size_t kChunk = 64 * 1024;

using Archive = std::unique_ptr<archive, decltype(&archive_read_free)>;

Archive open_archive(std::string_view bytes) {
  Archive archive(archive_read_new(), archive_read_free);
  // By the directory at the end, as every program that opens such documents reads it.
  archive_read_support_format_zip_seekable(archive.get());
  if (archive_read_open_memory(archive.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) archive.reset();
  return archive;
}

/// The content of the entry; nothing when it is broken or longer than `limit`.
std::optional<std::string> content_of(archive* from, std::size_t limit) {
  std::string out;
  std::array<char, kChunk> chunk{};
  for (;;) {
    const la_ssize_t count = archive_read_data(from, chunk.data(), chunk.size());
    if (count == 0) return out;
    if (count < 0 || out.size() + static_cast<std::size_t>(count) > limit) return std::nullopt;
    out.append(chunk.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace

bool read_zip(std::string_view bytes, const std::function<bool(std::string_view name)>& wanted,
              const std::function<void(std::string_view name, std::string content)>& take) {
  const Archive archive = open_archive(bytes);
  if (!archive) return false;
  std::size_t left = kMaxBytes;
  for (int entries = 0; entries < kMaxEntries; ++entries) {
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(archive.get(), &entry);
    if (result == ARCHIVE_EOF) return true;
    if (result < ARCHIVE_WARN) return false;
    const char* const name = archive_entry_pathname(entry);  // null for one that this locale cannot say
    if (name == nullptr || !wanted(name)) continue;
    auto content = content_of(archive.get(), left);
    if (!content) return false;
    left -= content->size();
    take(name, std::move(*content));
  }
  return false;
}

}  // namespace ms::decoder
