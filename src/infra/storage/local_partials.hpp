#pragma once
#include <filesystem>

#include "infra/storage/local_folder.hpp"

// Partial objects of a LocalFolder. Each is a folder with one file, whose name is that of its current writer. Whoever
// continues it renames the file, and a writer whose name is gone has lost it. The lock that keeps a check of the name
// and the write after it together is the kernel's (flock), so that it ends with the process.
namespace ms::storage::local {

/// `folder` is that of the partial object, two levels below `root`.
Result<> begin_partial(const std::filesystem::path& root, const std::filesystem::path& folder);
Result<std::unique_ptr<PartialWriter>> continue_partial(const std::filesystem::path& folder, std::uint64_t offset);
Result<std::uint64_t> partial_size(const std::filesystem::path& folder);
Result<> complete_partial(const std::filesystem::path& folder, const std::filesystem::path& root,
                          const std::filesystem::path& target, Readers readers);
Result<> abandon_partial(const std::filesystem::path& folder);
/// `partials` holds the folders of all of them.
Result<std::vector<Partial>> list_partials(const std::filesystem::path& partials, std::string_view after,
                                           std::size_t limit);

}  // namespace ms::storage::local
