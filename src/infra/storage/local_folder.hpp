#pragma once
#include <filesystem>

#include "infra/storage/storage.hpp"

namespace ms::storage {

/// Who may read the files of objects: their owner alone, or everybody whom the folder's own rights let in (Nginx).
enum class Readers { owner, all };

/// Objects as files of a folder, with their keys as paths below it. An unfinished file has no name where the file
/// system supports that (O_TMPFILE), so a killed writer leaves nothing. Elsewhere its name is .minschool-XXXXXX until
/// it is complete. Partial objects are files below .partial, which several processes may share. Any thread may call.
class LocalFolder final : public Store {
 public:
  /// The folder exists and belongs to the program.
  explicit LocalFolder(std::filesystem::path root, Readers readers = Readers::owner)
      : root_(std::move(root)), readers_(readers) {}

  Result<std::unique_ptr<Writer>> put(std::string_view key, IfExists if_exists) override;
  Result<> get(std::string_view key, std::uint64_t offset, std::uint64_t size,
               const std::function<bool(std::string_view)>& take) override;
  Result<std::uint64_t> size(std::string_view key) override;
  Result<bool> exists(std::string_view key) override;
  Result<> remove(std::string_view key) override;
  Result<std::vector<Object>> list(std::string_view prefix, std::string_view after, std::size_t limit) override;

  // The handle of a partial object is empty.
  Result<std::string> begin_partial(std::string_view id) override;
  Result<std::unique_ptr<PartialWriter>> continue_partial(std::string_view id, std::string_view handle,
                                                          std::uint64_t offset) override;
  Result<std::uint64_t> partial_size(std::string_view id, std::string_view handle) override;
  Result<> complete_partial(std::string_view id, std::string_view handle, std::string_view key) override;
  Result<> abandon_partial(std::string_view id, std::string_view handle) override;
  Result<std::vector<Partial>> partials(std::string_view after, std::size_t limit) override;

  /// Below Nginx's internal location /stored-files/.
  std::string download_path(std::string_view key) const override;

  /// Removes the unfinished files of killed writers; returns how many.
  int remove_unfinished();

 private:
  std::filesystem::path root_;
  Readers readers_;
};

}  // namespace ms::storage
