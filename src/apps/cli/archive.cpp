#include "apps/cli/archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <system_error>
#include <vector>

#include "apps/cli/command.hpp"
#include "apps/cli/tool.hpp"

namespace ms::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = 8 * 1024 * 1024;  // of the dump in one member; held in memory
constexpr std::size_t kBlock = 64 * 1024;
constexpr mode_t kPlainFile = 0600;

/// The SHA-256, in hex, of bytes that are added in pieces.
class Sum {
 public:
  Sum() { crypto_hash_sha256_init(&state_); }
  void add(std::string_view bytes) {
    crypto_hash_sha256_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  }
  std::string hex() {
    std::array<unsigned char, crypto_hash_sha256_BYTES> out{};
    crypto_hash_sha256_final(&state_, out.data());
    std::string text;
    for (const unsigned char byte : out) text += fmt::format("{:02x}", byte);
    return text;
  }

 private:
  crypto_hash_sha256_state state_{};
};

struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};
struct FreeReader {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using EntryPtr = std::unique_ptr<archive_entry, FreeEntry>;

}  // namespace

struct ArchiveWriter::Impl {
  Sink out;
  std::optional<Sealer> sealer;
  archive* tar = archive_write_new();
  std::string sums;
  std::string fault;  ///< of the output, which libarchive passes on only as a number

  // Without finish() the archive is incomplete, and closing it would write the end of a complete one.
  ~Impl() {
    archive_write_fail(tar);
    archive_write_free(tar);
  }

  static la_ssize_t write(archive*, void* self, const void* bytes, std::size_t size) {
    auto& impl = *static_cast<Impl*>(self);
    try {
      const std::string_view from(static_cast<const char*>(bytes), size);
      impl.sealer ? impl.sealer->write(from) : impl.out(from);
      return static_cast<la_ssize_t>(size);
    } catch (const Failure& fault) {
      impl.fault = fault.what();
      return -1;
    }
  }
  void check(la_ssize_t result) const {
    if (result < ARCHIVE_WARN) throw Failure(!fault.empty() ? fault : archive_error_string(tar));
  }
  void head(archive_entry* entry) const { check(archive_write_header(tar, entry)); }
  void data(std::string_view bytes) const { check(archive_write_data(tar, bytes.data(), bytes.size())); }
  void note(Sum& sum, const std::string& name) { sums += fmt::format("{}  {}\n", sum.hex(), name); }
  void add_file(archive_entry* entry, const std::string& name, const fs::path& path);
  void write_sums();
};

ArchiveWriter::ArchiveWriter(Sink out, const Key* key) : impl_(std::make_unique<Impl>(std::move(out))) {
  if (key != nullptr) impl_->sealer.emplace(*key, impl_->out);
  archive_write_set_format_pax_restricted(impl_->tar);
  archive_write_set_bytes_in_last_block(impl_->tar, 1);
  impl_->check(archive_write_open(impl_->tar, impl_.get(), nullptr, Impl::write, nullptr));
}
ArchiveWriter::~ArchiveWriter() = default;

void ArchiveWriter::add(const std::string& name, std::string_view content) {
  const EntryPtr entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), kPlainFile);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
  impl_->head(entry.get());
  impl_->data(content);
  Sum sum;
  sum.add(content);
  if (name != kSums) impl_->note(sum, name);
}

void ArchiveWriter::add_stream(const std::string& name, int in) {
  std::string piece(kPiece, '\0');
  std::size_t count = kPiece;
  for (int number = 1; count == kPiece; ++number) {
    count = read_up_to(in, piece.data(), kPiece);
    if (count > 0) add(fmt::format("{}/{:06}", name, number), std::string_view(piece).substr(0, count));
  }
}

void ArchiveWriter::add_pieces(const std::string& name, std::uint64_t size,
                               const std::function<void(const Sink&)>& fill) {
  const EntryPtr entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), kPlainFile);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
  impl_->head(entry.get());
  Sum sum;
  std::uint64_t left = size;
  fill([&](std::string_view bytes) {
    if (bytes.size() > left) throw Failure(name + " became longer while it was read");
    left -= bytes.size();
    impl_->data(bytes);
    sum.add(bytes);
  });
  if (left > 0) throw Failure(name + " became shorter while it was read");
  impl_->note(sum, name);
}

/// Writes as many bytes as the header announces, even when the file's size changes meanwhile.
void ArchiveWriter::Impl::add_file(archive_entry* entry, const std::string& name, const fs::path& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0) throw Failure(fmt::format("{}: {}", path.string(), std::strerror(errno)));
  head(entry);
  Sum sum;
  std::array<char, kBlock> block;
  for (auto left = static_cast<std::size_t>(archive_entry_size(entry)); left > 0;) {
    const std::size_t count = read_up_to(file.get(), block.data(), std::min(left, block.size()));
    if (count == 0) throw Failure(fmt::format("{} became shorter while it was read", path.string()));
    data({block.data(), count});
    sum.add({block.data(), count});
    left -= count;
  }
  note(sum, name);
}

void ArchiveWriter::add_folder(const std::string& name, const fs::path& folder) {
  const std::unique_ptr<archive, FreeReader> owned(archive_read_disk_new());
  archive* const disk = owned.get();
  archive_read_disk_set_symlink_physical(disk);
  const auto add_one = [&](const fs::path& path) {
    const std::string inside = path == folder ? name : name + "/" + path.lexically_relative(folder).string();
    const EntryPtr entry(archive_entry_new2(disk));
    archive_entry_copy_sourcepath(entry.get(), path.c_str());
    archive_entry_copy_pathname(entry.get(), inside.c_str());
    if (archive_read_disk_entry_from_file(disk, entry.get(), -1, nullptr) < ARCHIVE_WARN) {
      throw Failure(archive_error_string(disk));
    }
    if (archive_entry_filetype(entry.get()) == AE_IFREG) return impl_->add_file(entry.get(), inside, path);
    if (archive_entry_filetype(entry.get()) == AE_IFSOCK) return;  // the socket of a running program
    impl_->head(entry.get());
  };
  add_one(folder);
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    add_one(at->path());
  }
  if (error) throw Failure(fmt::format("{}: {}", folder.string(), error.message()));
}

void ArchiveWriter::finish() {
  const std::string sums = impl_->sums;
  add(std::string(kSums), sums);
  impl_->check(archive_write_close(impl_->tar));
  if (impl_->sealer) impl_->sealer->finish();
}

struct ArchiveReader::Impl {
  fs::path path;
  File in;
  std::optional<Opener> opener;
  archive* tar = archive_read_new();
  archive_entry* entry = nullptr;
  std::array<char, kBlock> block{};
  std::string fault;

  explicit Impl(const fs::path& from) : path(from), in(::open(from.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~Impl() { archive_read_free(tar); }

  static la_ssize_t read(archive* tar, void* self, const void** bytes) {
    auto& impl = *static_cast<Impl*>(self);
    try {
      std::string_view piece;
      if (impl.opener) {
        piece = impl.opener->read();
      } else {
        piece = {impl.block.data(), read_up_to(impl.in.get(), impl.block.data(), impl.block.size())};
      }
      *bytes = piece.data();
      return static_cast<la_ssize_t>(piece.size());
    } catch (const Failure& fault) {
      impl.fault = fault.what();
      archive_set_error(tar, EIO, "%s", fault.what());
      return ARCHIVE_FATAL;
    }
  }
  /// Replaces libarchive's wording: the operator needs the name of the archive.
  Failure damaged() const {
    if (entry == nullptr && fault.empty()) {
      return Failure(
          fmt::format("{} is no archive that `minschool backup` wrote, or is damaged at its beginning", path.string()));
    }
    return Failure(fmt::format("the archive {} {}", path.string(), fault.empty() ? "is cut off or damaged" : fault));
  }
};

ArchiveReader::ArchiveReader(const fs::path& archive, const Key* key) : impl_(std::make_unique<Impl>(archive)) {
  if (impl_->in.get() < 0) throw Failure(fmt::format("{}: {}", archive.string(), std::strerror(errno)));
  if (is_sealed(archive)) {
    if (key == nullptr)
      throw Failure(fmt::format("the archive {} is sealed: name the key with --key-file", archive.string()));
    try {
      impl_->opener.emplace(*key, impl_->in.get());
    } catch (const Failure& fault) { throw Failure(fmt::format("the archive {} {}", archive.string(), fault.what())); }
  } else if (key != nullptr) {
    throw Failure(
        fmt::format("the archive {} is not sealed: who may write there may have put it in place of yours. To "
                    "restore it all the same, leave --key-file out",
                    archive.string()));
  }
  archive_read_support_format_tar(impl_->tar);
  if (archive_read_open(impl_->tar, impl_.get(), nullptr, Impl::read, nullptr) < ARCHIVE_WARN) throw impl_->damaged();
}
ArchiveReader::~ArchiveReader() = default;

std::optional<ArchiveReader::Entry> ArchiveReader::next() {
  archive_entry* entry = nullptr;
  const int result = archive_read_next_header(impl_->tar, &entry);
  if (result == ARCHIVE_EOF) return std::nullopt;
  if (result < ARCHIVE_WARN) throw impl_->damaged();
  impl_->entry = entry;
  const char* const path = archive_entry_pathname(entry);
  if (path == nullptr) throw impl_->damaged();
  std::string name = path;
  if (name.starts_with("./")) name.erase(0, 2);
  return Entry{std::move(name), archive_entry_filetype(impl_->entry) == AE_IFREG};
}

void ArchiveReader::read(const std::function<bool(std::string_view)>& take) {
  std::array<char, kBlock> block;
  for (bool more = true; more;) {
    const la_ssize_t count = archive_read_data(impl_->tar, block.data(), block.size());
    if (count < 0) throw impl_->damaged();
    more = count > 0 && take({block.data(), static_cast<std::size_t>(count)});
  }
}

void ArchiveReader::extract(const std::string& name) {
  archive_entry_set_pathname(impl_->entry, name.c_str());
  if (const char* target = archive_entry_hardlink(impl_->entry); target != nullptr) {
    throw Failure(fmt::format("the archive {} holds a hard link, which backup writes none of", impl_->path.string()));
  }
  constexpr int kExtractFlags = ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_NO_OVERWRITE |
                                ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT |
                                ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS;
  if (archive_read_extract(impl_->tar, impl_->entry, kExtractFlags) < ARCHIVE_WARN) {
    throw impl_->fault.empty() ? Failure(fmt::format("{}: {}", name, archive_error_string(impl_->tar)))
                               : impl_->damaged();
  }
}

std::string verify(const fs::path& path, const Key* key) {
  ArchiveReader archive(path, key);
  std::map<std::string, std::string> found;
  std::string about;
  std::string sums;
  while (const auto entry = archive.next()) {
    if (!entry->is_file) continue;
    Sum sum;
    std::string* const target = entry->name == kAbout ? &about : entry->name == kSums ? &sums : nullptr;
    archive.read([&](std::string_view bytes) {
      sum.add(bytes);
      if (target != nullptr) target->append(bytes);
      return true;
    });
    if (entry->name != kSums) found.emplace(entry->name, sum.hex());
  }
  const auto damaged = [&path](const std::string& why) {
    return Failure(fmt::format("the archive {} is damaged: {}", path.string(), why));
  };
  if (sums.empty())
    throw damaged(fmt::format("it is cut off, or `minschool backup` did not write it ({} is missing)", kSums));
  for (std::size_t at = 0; at < sums.size();) {
    const auto end = std::min(sums.find('\n', at), sums.size());
    const std::string line = sums.substr(at, end - at);
    at = end + 1;
    const auto gap = line.find("  ");
    std::string name = gap == line.npos ? "" : line.substr(gap + 2);
    if (name.starts_with("./")) name.erase(0, 2);
    const auto one = found.find(name);
    if (one == found.end()) throw damaged(fmt::format("{} is missing", name.empty() ? line : name));
    if (one->second != line.substr(0, gap)) throw damaged(fmt::format("{} is not what was written", name));
    found.erase(one);
  }
  if (!found.empty()) throw damaged(fmt::format("{} was not written by backup", found.begin()->first));
  return about;
}

}  // namespace ms::cli
