#pragma once
#include <filesystem>

#include "infra/storage/storage.hpp"

namespace ms::storage {

/// Objects as files of a folder, with their keys as paths below it. An unfinished file has no name where the file
/// system supports that (O_TMPFILE), so a killed writer leaves nothing. Elsewhere its name is .minschool-XXXXXX until
/// it is complete. Any thread may call.
class LocalFolder final : public Store {
 public:
  /// The folder exists and belongs to the program.
  explicit LocalFolder(std::filesystem::path root) : root_(std::move(root)) {}

  Result<std::unique_ptr<Writer>> put(std::string_view key, IfExists if_exists) override;
  Result<> get(std::string_view key, std::uint64_t offset, std::uint64_t size,
               const std::function<bool(std::string_view)>& take) override;
  Result<std::uint64_t> size(std::string_view key) override;
  Result<bool> exists(std::string_view key) override;
  Result<> remove(std::string_view key) override;
  Result<std::vector<Object>> list(std::string_view prefix, std::string_view after, std::size_t limit) override;

  /// Removes the unfinished files of killed writers; returns how many.
  int remove_unfinished();

 private:
  std::filesystem::path root_;
};

}  // namespace ms::storage
