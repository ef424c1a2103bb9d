#include "infra/storage/local_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "infra/core/secret.hpp"
#include "infra/io/file.hpp"
#include "infra/storage/local_files.hpp"
#include "infra/storage/local_partials.hpp"

namespace ms::storage {
namespace {

namespace fs = std::filesystem;
using local::failed;
using local::sync_folder;

constexpr std::size_t kChunk = 64 * 1024;
constexpr std::string_view kUnfinished = ".minschool-";  // followed by six characters
constexpr std::size_t kUnfinishedSize = kUnfinished.size() + 6;
constexpr std::string_view kPartials = ".partial";  // no key begins with a dot

std::unexpected<Error> bad_key(std::string_view key) {
  return local::refuse(Fault::bad_key, "\"" + std::string(key) + "\" cannot be the name of a file here");
}

fs::path unfinished_name(const fs::path& folder) {
  return folder / (std::string(kUnfinished) + secret::random_text(4));
}

class FileWriter final : public Writer {
 public:
  FileWriter(fs::path root, fs::path target, IfExists if_exists, Readers readers)
      : root_(std::move(root)), target_(std::move(target)), if_exists_(if_exists), readers_(readers) {}
  ~FileWriter() override {
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  Result<> open() {
    file_.reset(::open(root_.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, local::kPrivate));
    if (file_.get() < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
      name_ = unfinished_name(root_);
      file_.reset(::open(name_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, local::kPrivate));
    }
    if (file_.get() < 0) return failed(root_, errno);
    ::flock(file_.get(),
            LOCK_EX | LOCK_NB);  // held while the process lives, so that remove_unfinished() skips the file
    return {};
  }

  Result<> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
      if (count < 0 && errno != EINTR) return failed(target_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
    return {};
  }

  Result<> commit() override {
    if (auto given = local::give_rights(root_, target_, file_, readers_); !given) return given;
    if (::fsync(file_.get()) != 0) return failed(target_, errno);
    if (auto named = give_name(); !named) return named;
    if (auto made = local::make_folders(root_, target_, readers_); !made) return made;
    if (auto moved = move(); !moved) return moved;
    name_.clear();
    return sync_folder(target_.parent_path());
  }

 private:
  Result<> give_name() {
    if (!name_.empty()) return {};
    const fs::path name = unfinished_name(root_);
    const std::string self = "/proc/self/fd/" + std::to_string(file_.get());
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) return failed(target_, errno);
    name_ = name;
    return {};
  }

  Result<> move() {
    if (if_exists_ == IfExists::refuse) return local::move_unless_exists(name_, target_);
    if (::rename(name_.c_str(), target_.c_str()) != 0) return failed(target_, errno);
    return {};
  }

  const fs::path root_;
  const fs::path target_;
  const IfExists if_exists_;
  const Readers readers_;
  fs::path name_;  ///< of the unfinished file, if it has one
  File file_;
};

Result<> open_object(const fs::path& path, File& out, struct stat& about) {
  out.reset(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (out.get() < 0) return failed(path, errno);
  if (::fstat(out.get(), &about) != 0) return failed(path, errno);
  if (!S_ISREG(about.st_mode)) return failed(path, ENOENT);
  return {};
}

/// Walks folders in the order of keys; skips folders that cannot hold a result.
class Listing {
 public:
  Listing(std::string_view prefix, std::string_view after, std::size_t limit)
      : prefix_(prefix), after_(after), limit_(limit) {}

  /// `key` is the folder's key, with a trailing slash.
  Result<> walk(const fs::path& folder, const std::string& key) {
    std::vector<std::string> names;  // folders with a slash, which is a part of their keys
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
      const std::string name = at->path().filename().string();
      std::error_code removed;  // meanwhile: then it is no folder
      const bool is_folder = at->symlink_status(removed).type() == fs::file_type::directory;  // a link may lead back
      if (!name.starts_with('.')) names.push_back(is_folder ? name + "/" : name);
    }
    if (error) return failed(folder, error.value());
    std::ranges::sort(names);
    for (const std::string& name : names) {
      if (objects.size() == limit_) break;
      if (auto taken = take(folder, key + name, name); !taken) return taken;
    }
    return {};
  }

  std::vector<Object> objects;

 private:
  Result<> take(const fs::path& folder, const std::string& key, const std::string& name) {
    if (key.ends_with('/')) {
      const bool may_hold_results = key.starts_with(prefix_) || prefix_.starts_with(key);
      const bool is_before_start = after_ > key && !after_.starts_with(key);
      return may_hold_results && !is_before_start ? walk(folder / name, key) : Result<>();
    }
    if (!key.starts_with(prefix_) || key <= after_) return {};
    struct stat about{};
    if (::lstat((folder / name).c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return {};  // removed meanwhile
    objects.push_back({key, static_cast<std::uint64_t>(about.st_size)});
    return {};
  }

  std::string_view prefix_;
  std::string_view after_;
  std::size_t limit_;
};

bool writer_is_gone(const fs::path& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return errno != ENOENT;
  return ::flock(file.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

}  // namespace

Result<std::unique_ptr<Writer>> LocalFolder::put(std::string_view key, IfExists if_exists) {
  if (!is_valid_key(key)) return bad_key(key);
  auto writer = std::make_unique<FileWriter>(root_, root_ / key, if_exists, readers_);
  if (auto opened = writer->open(); !opened) return std::unexpected(opened.error());
  return writer;
}

Result<> LocalFolder::get(std::string_view key, std::uint64_t offset, std::uint64_t size,
                          const std::function<bool(std::string_view)>& take) {
  if (!is_valid_key(key)) return bad_key(key);
  const fs::path path = root_ / key;
  File file;
  struct stat about{};
  if (auto opened = open_object(path, file, about); !opened) return opened;
  std::array<char, kChunk> chunk{};
  while (size > 0 && offset < static_cast<std::uint64_t>(about.st_size)) {
    const ssize_t count =
        ::pread(file.get(), chunk.data(), std::min<std::uint64_t>(size, chunk.size()), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(path, errno);
    if (count == 0 || !take({chunk.data(), static_cast<std::size_t>(count)})) break;
    offset += static_cast<std::uint64_t>(count);
    size -= static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<std::uint64_t> LocalFolder::size(std::string_view key) {
  if (!is_valid_key(key)) return bad_key(key);
  File file;
  struct stat about{};
  if (auto opened = open_object(root_ / key, file, about); !opened) return std::unexpected(opened.error());
  return static_cast<std::uint64_t>(about.st_size);
}

Result<bool> LocalFolder::exists(std::string_view key) {
  const auto found = size(key);
  if (!found && found.error().fault != Fault::not_found) return std::unexpected(found.error());
  return found.has_value();
}

Result<> LocalFolder::remove(std::string_view key) {
  if (!is_valid_key(key)) return bad_key(key);
  const fs::path path = root_ / key;
  if (::unlink(path.c_str()) == 0) return sync_folder(path.parent_path());
  if (errno != ENOENT) return failed(path, errno);
  return {};
}

Result<std::vector<Object>> LocalFolder::list(std::string_view prefix, std::string_view after, std::size_t limit) {
  Listing listing(prefix, after, limit);
  if (auto walked = listing.walk(root_, ""); !walked) return std::unexpected(walked.error());
  return std::move(listing.objects);
}

Result<std::string> LocalFolder::begin_partial(std::string_view id) {
  if (!is_valid_partial_id(id)) return bad_key(id);
  if (auto begun = local::begin_partial(root_, root_ / kPartials / id); !begun) return std::unexpected(begun.error());
  return std::string();
}

Result<std::unique_ptr<PartialWriter>> LocalFolder::continue_partial(std::string_view id, std::string_view,
                                                                     std::uint64_t offset) {
  if (!is_valid_partial_id(id)) return bad_key(id);
  return local::continue_partial(root_ / kPartials / id, offset);
}

Result<std::uint64_t> LocalFolder::partial_size(std::string_view id, std::string_view) {
  if (!is_valid_partial_id(id)) return bad_key(id);
  return local::partial_size(root_ / kPartials / id);
}

Result<> LocalFolder::complete_partial(std::string_view id, std::string_view, std::string_view key) {
  if (!is_valid_partial_id(id)) return bad_key(id);
  if (!is_valid_key(key)) return bad_key(key);
  return local::complete_partial(root_ / kPartials / id, root_, root_ / key, readers_);
}

Result<> LocalFolder::abandon_partial(std::string_view id, std::string_view) {
  if (!is_valid_partial_id(id)) return bad_key(id);
  return local::abandon_partial(root_ / kPartials / id);
}

Result<std::vector<Partial>> LocalFolder::partials(std::string_view after, std::size_t limit) {
  return local::list_partials(root_ / kPartials, after, limit);
}

std::string LocalFolder::download_path(std::string_view key) const { return "/stored-files/" + std::string(key); }

int LocalFolder::remove_unfinished() {
  int count = 0;
  std::error_code error;
  for (fs::directory_iterator at(root_, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(kUnfinished) || name.size() != kUnfinishedSize || !writer_is_gone(at->path())) continue;
    std::error_code ignored;
    count += fs::remove_all(at->path(), ignored) > 0 && !ignored ? 1 : 0;
  }
  return count;
}

}  // namespace ms::storage
