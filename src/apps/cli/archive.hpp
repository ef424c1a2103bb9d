#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "infra/config/config.hpp"

// What backup and restore share: the names inside an archive and the way to PostgreSQL's own tools.
//
// An archive is a tar of: about.txt (version, time, schema), database.dump (pg_dump's custom format), files/N/… (each
// folder that was named) and SHA256SUMS of all of them, in the form that sha256sum(1) checks. It may be sealed
// (seal.hpp).
namespace ms::cli {

inline constexpr const char* kAbout = "about.txt";
inline constexpr const char* kDump = "database.dump";
inline constexpr const char* kFiles = "files";
inline constexpr const char* kSums = "SHA256SUMS";

/// A folder that is gone again at the end of the scope; only its owner may look into it.
class WorkFolder {
 public:
  /// In `beside`, because an archive may be larger than /tmp. Throws Failure.
  explicit WorkFolder(const std::filesystem::path& beside);
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

/// The database for libpq's programs: PGHOST, PGPASSWORD, … so that no password stands on a command line.
std::map<std::string, std::string> libpq_environment(const config::Settings& settings);

}  // namespace ms::cli
