#pragma once
#include <sys/types.h>

#include <filesystem>

#include "infra/io/file.hpp"
#include "infra/storage/local_folder.hpp"

// What objects and partial objects of a LocalFolder have in common: files and folders that survive a power loss.
namespace ms::storage::local {

constexpr mode_t kPrivate = 0600;

std::unexpected<Error> refuse(Fault fault, std::string what);
/// The error for what a system call said about the path.
std::unexpected<Error> failed(const std::filesystem::path& path, int error);

/// Writes the entries of a folder to the disk.
Result<> sync_folder(const std::filesystem::path& folder);
/// Creates the folders below `root` that lead to the file, with its owner, and syncs each to the disk.
Result<> make_folders(const std::filesystem::path& root, const std::filesystem::path& file, Readers readers);
/// Gives a file the rights of an object, whatever the umask was; of one that root writes, the owner of `root`.
Result<> give_rights(const std::filesystem::path& root, const std::filesystem::path& path, const File& file,
                     Readers readers);
/// Renames a file. Fault::exists when there is one at `to`.
Result<> move_unless_exists(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace ms::storage::local
