#include "infra/storage/local_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace ms::storage::local {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kPublic = 0644;  // the rights of the folder above decide who gets this far

mode_t folder_mode(Readers readers) {
  constexpr mode_t kPrivateFolder = 0700;
  constexpr mode_t kPublicFolder = 0755;
  return readers == Readers::all ? kPublicFolder : kPrivateFolder;
}

/// What root writes (minschool restore) belongs to the program all the same.
bool give_owner(const fs::path& root, const File& file) {
  struct stat about{};
  if (::geteuid() != 0) return true;
  return ::stat(root.c_str(), &about) == 0 && ::fchown(file.get(), about.st_uid, about.st_gid) == 0;
}

}  // namespace

std::unexpected<Error> refuse(Fault fault, std::string what) { return std::unexpected(Error{fault, std::move(what)}); }

std::unexpected<Error> failed(const fs::path& path, int error) {
  const Fault fault = error == ENOENT                      ? Fault::not_found
                      : error == EEXIST                    ? Fault::exists
                      : error == ENOSPC || error == EDQUOT ? Fault::no_room
                                                           : Fault::failed;
  return refuse(fault, path.string() + ": " + std::strerror(error));
}

Result<> sync_folder(const fs::path& folder) {
  const File file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.get() < 0) return failed(folder, errno);
  // Some network file systems cannot sync a folder and return EINVAL.
  if (::fsync(file.get()) != 0 && errno != EINVAL) return failed(folder, errno);
  return {};
}

Result<> make_folders(const fs::path& root, const fs::path& file, Readers readers) {
  const fs::path folder = file.parent_path();
  if (folder == root) return {};
  if (auto above = make_folders(root, folder, readers); !above) return above;
  if (::mkdir(folder.c_str(), folder_mode(readers)) != 0) return errno == EEXIST ? Result<>() : failed(folder, errno);
  const File made(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  // The umask of a service is strict.
  if (::fchmod(made.get(), folder_mode(readers)) != 0 || !give_owner(root, made)) return failed(folder, errno);
  return sync_folder(folder.parent_path());
}

Result<> give_rights(const fs::path& root, const fs::path& path, const File& file, Readers readers) {
  if (readers == Readers::owner) return {};
  const bool given = ::fchmod(file.get(), kPublic) == 0 && give_owner(root, file);
  return given ? Result<>() : failed(path, errno);
}

Result<> move_unless_exists(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
  // Some network file systems do not support this.
  if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP) return failed(to, errno);
  if (fs::exists(to)) return failed(to, EEXIST);
  if (::rename(from.c_str(), to.c_str()) != 0) return failed(to, errno);
  return {};
}

}  // namespace ms::storage::local
