#include "infra/storage/local_partials.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "infra/core/secret.hpp"
#include "infra/storage/local_files.hpp"

namespace ms::storage::local {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// A lock is held for one write; one that is held for longer belongs to a stopped process or a disk that hangs.
constexpr auto kPatience = std::chrono::seconds(1);
constexpr auto kPause = std::chrono::milliseconds(2);

std::unexpected<Error> lost(const fs::path& path) {
  return refuse(Fault::conflict, path.parent_path().string() + ": another writer has continued it");
}

fs::path name_of_writer(const fs::path& folder) { return folder / secret::random_text(12); }

/// The only file of a partial object.
Result<fs::path> file_of(const fs::path& folder) {
  std::error_code error;
  const fs::directory_iterator at(folder, error);
  if (error) return failed(folder, error.value());
  if (at == fs::directory_iterator()) return failed(folder, ENOENT);
  return at->path();
}

/// What is known of that file.
Result<struct stat> about(const fs::path& folder) {
  const auto end = Clock::now() + kPatience;
  while (true) {
    const auto path = file_of(folder);
    if (!path) return std::unexpected(path.error());
    struct stat out{};
    if (::stat(path->c_str(), &out) == 0) return out;
    if (errno != ENOENT || Clock::now() > end) return failed(*path, errno);  // renamed meanwhile, as a rule
  }
}

/// Whether the path is still that of the open file.
bool is_at(const fs::path& path, const File& file) {
  struct stat named{};
  struct stat open{};
  return ::stat(path.c_str(), &named) == 0 && ::fstat(file.get(), &open) == 0 && named.st_ino == open.st_ino &&
         named.st_dev == open.st_dev;
}

/// Holds the lock of an open file.
class Lock {
 public:
  explicit Lock(const File& file) : file_(file) {
    const auto end = Clock::now() + kPatience;
    while (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
      if ((errno != EWOULDBLOCK && errno != EINTR) || Clock::now() > end) return;
      std::this_thread::sleep_for(kPause);
    }
    held_ = true;
  }
  ~Lock() {
    if (held_) ::flock(file_.get(), LOCK_UN);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  bool held() const noexcept { return held_; }

 private:
  const File& file_;
  bool held_ = false;
};

/// Makes the caller the only writer. `use` runs with the file and its new path, while its lock is held.
template <class Use>
Result<> take_over(const fs::path& folder, File& file, Use use) {
  for (const auto end = Clock::now() + kPatience; Clock::now() < end; std::this_thread::sleep_for(kPause)) {
    const auto found = file_of(folder);
    if (!found) return std::unexpected(found.error());
    file.reset(::open(found->c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    if (file.get() < 0 && errno == ENOENT) continue;  // renamed meanwhile
    if (file.get() < 0) return failed(*found, errno);
    const Lock lock(file);
    if (!lock.held()) break;
    if (!is_at(*found, file)) continue;
    const fs::path path = name_of_writer(folder);
    if (::rename(found->c_str(), path.c_str()) != 0) return failed(folder, errno);
    return use(path);
  }
  return refuse(Fault::conflict, folder.string() + ": its writer holds it");
}

class LocalPartialWriter final : public PartialWriter {
 public:
  Result<> open(const fs::path& folder, std::uint64_t offset) {
    return take_over(folder, file_, [&](const fs::path& path) -> Result<> {
      struct stat about{};
      if (::fstat(file_.get(), &about) != 0) return failed(path, errno);
      if (static_cast<std::uint64_t>(about.st_size) < offset)
        return refuse(Fault::not_found, folder.string() + ": has fewer bytes than were received");
      if (::ftruncate(file_.get(), static_cast<off_t>(offset)) != 0) return failed(path, errno);
      path_ = path;
      offset_ = offset;
      return {};
    });
  }

  Result<> write(std::string_view bytes) override {
    const Lock lock(file_);
    if (!lock.held() || !is_at(path_, file_)) return lost(path_);
    while (!bytes.empty()) {
      const ssize_t count = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset_));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failed(path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(count));
      offset_ += static_cast<std::uint64_t>(count);
    }
    return {};
  }

  Result<Progress> sync() override {
    if (::fdatasync(file_.get()) != 0) return failed(path_, errno);
    if (!is_at(path_, file_)) return lost(path_);
    return Progress{offset_, ""};
  }

 private:
  File file_;
  fs::path path_;
  std::uint64_t offset_ = 0;
};

}  // namespace

Result<> begin_partial(const fs::path& root, const fs::path& folder) {
  if (file_of(folder)) return {};  // the answer to an earlier call was lost
  const fs::path path = name_of_writer(folder);
  if (auto made = make_folders(root, path, Readers::owner); !made) return made;
  const File file(::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, kPrivate));
  if (file.get() < 0) return failed(path, errno);
  return sync_folder(folder);
}

Result<std::unique_ptr<PartialWriter>> continue_partial(const fs::path& folder, std::uint64_t offset) {
  auto writer = std::make_unique<LocalPartialWriter>();
  if (auto opened = writer->open(folder, offset); !opened) return std::unexpected(opened.error());
  return writer;
}

Result<std::uint64_t> partial_size(const fs::path& folder) {
  const auto found = about(folder);
  if (!found) return std::unexpected(found.error());
  return static_cast<std::uint64_t>(found->st_size);
}

Result<> complete_partial(const fs::path& folder, const fs::path& root, const fs::path& target, Readers readers) {
  File file;
  auto done = take_over(folder, file, [&](const fs::path& path) -> Result<> {
    if (auto given = give_rights(root, path, file, readers); !given) return given;
    if (::fsync(file.get()) != 0) return failed(path, errno);
    if (auto made = make_folders(root, target, readers); !made) return made;
    auto moved = move_unless_exists(path, target);
    if (!moved && moved.error().fault != Fault::exists) return moved;
    // Whoever made the object that exists may not have synced the folder yet.
    if (auto synced = sync_folder(target.parent_path()); !synced) return synced;
    if (!moved && ::unlink(path.c_str()) != 0) return failed(path, errno);
    return {};
  });
  // An earlier call may have come as far as this.
  if (!done && (done.error().fault != Fault::not_found || !fs::exists(target))) return done;
  ::rmdir(folder.c_str());
  return {};
}

Result<> abandon_partial(const fs::path& folder) {
  File file;
  auto done = take_over(folder, file, [](const fs::path& path) -> Result<> {
    return ::unlink(path.c_str()) == 0 ? Result<>() : failed(path, errno);
  });
  if (!done && done.error().fault != Fault::not_found) return done;
  ::rmdir(folder.c_str());
  return {};
}

Result<std::vector<Partial>> list_partials(const fs::path& partials, std::string_view after, std::size_t limit) {
  std::vector<std::string> ids;
  std::error_code error;
  for (fs::directory_iterator at(partials, error), end; !error && at != end; at.increment(error)) {
    std::string id = at->path().filename().string();
    if (is_valid_partial_id(id) && id > after) ids.push_back(std::move(id));
  }
  if (error && error.value() != ENOENT) return failed(partials, error.value());
  std::ranges::sort(ids);
  std::vector<Partial> out;
  for (std::string& id : ids) {
    if (out.size() == limit) break;
    struct stat folder{};
    if (::stat((partials / id).c_str(), &folder) != 0) continue;      // removed meanwhile
    const auto last = about(partials / id).value_or(folder).st_mtim;  // no file: its beginning or end was cut off
    const auto changed = std::chrono::seconds(last.tv_sec) + std::chrono::nanoseconds(last.tv_nsec);
    out.push_back({std::move(id), "", Timestamp(std::chrono::floor<std::chrono::microseconds>(changed))});
  }
  return out;
}

}  // namespace ms::storage::local
