#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "apps/cli/seal.hpp"

// An archive is a tar of: about.txt (version, time, schema), database.dump/000001, … (pg_dump's custom format in
// pieces, because tar needs the size before the bytes), objects/KEY (members' files), files/N/… (each folder that was
// named) and SHA256SUMS of all of them, in the format that sha256sum(1) checks. It may be sealed, that is encrypted
// (seal.hpp). It is written and read as a stream, so the contents of a sealed archive are never on a disk in clear
// text.
namespace ms::cli {

inline constexpr std::string_view kAbout = "about.txt";
inline constexpr std::string_view kDump = "database.dump";
inline constexpr std::string_view kObjects = "objects";
inline constexpr std::string_view kFiles = "files";
inline constexpr std::string_view kSums = "SHA256SUMS";

/// Writes an archive as a stream. Everything throws Failure.
class ArchiveWriter {
 public:
  /// Without a `key` the archive is not sealed.
  ArchiveWriter(Sink out, const Key* key);
  ~ArchiveWriter();
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;

  void add(const std::string& name, std::string_view content);
  /// Adds the bytes from `in` until its end, as name/000001, name/000002, …
  void add_stream(const std::string& name, int in);
  /// Adds a file of `size` bytes, which `fill` passes on in pieces.
  void add_pieces(const std::string& name, std::uint64_t size, const std::function<void(const Sink&)>& fill);
  /// Adds the contents of the folder, with times, modes and links.
  void add_folder(const std::string& name, const std::filesystem::path& folder);
  /// Writes the checksums and the end of the archive.
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Reads an archive from its beginning. Everything throws Failure, which names the archive.
class ArchiveReader {
 public:
  /// `key` is needed for a sealed archive.
  ArchiveReader(const std::filesystem::path& archive, const Key* key);
  ~ArchiveReader();
  ArchiveReader(const ArchiveReader&) = delete;
  ArchiveReader& operator=(const ArchiveReader&) = delete;

  struct Entry {
    std::string name;  ///< without a leading "./"
    bool is_file = false;
  };
  /// The next entry; nullopt at the end.
  std::optional<Entry> next();
  /// Passes the content of the entry to `take` in pieces, until `take` returns false.
  void read(const std::function<bool(std::string_view)>& take);
  /// Writes the entry below the current folder as `name`: never outside of it, never over an existing file.
  void extract(const std::string& name);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Reads the whole archive and returns about.txt. Throws Failure when something is missing or was changed.
std::string verify(const std::filesystem::path& archive, const Key* key);

}  // namespace ms::cli
