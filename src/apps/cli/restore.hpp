#pragma once
#include <filesystem>

#include "infra/config/config.hpp"

namespace ms::cli {

/// The options of a restore.
struct RestoreOptions {
  std::filesystem::path archive;
  std::filesystem::path key;    ///< empty: not sealed
  std::filesystem::path files;  ///< where the folders go; empty: nowhere
  bool objects = true;          ///< whether the files of members go to [storage]
};

/// Checks the whole archive, restores it into the empty database of `settings`, all or nothing, and notifies running
/// programs. Throws Failure.
void restore(const config::Settings& settings, const RestoreOptions& chosen);

/// Throws Failure unless the database has no tables yet.
bool is_empty(const config::Settings& settings);

}  // namespace ms::cli
