#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "apps/cli/command.hpp"
#include "apps/cli/setup/files.hpp"
#include "apps/cli/setup/options.hpp"

namespace ms::cli::setup {

void prepare_storage(const SetupOptions& options) {
  const std::filesystem::path& folder = options.files;
  std::error_code error;
  if (std::filesystem::exists(folder, error)) return;
  std::filesystem::create_directories(folder.parent_path(), error);
  if (error || ::mkdir(folder.c_str(), 0750) != 0) {
    throw Failure(fmt::format("{} cannot be made: {}; run this as root", folder.string(),
                              error ? error.message() : std::strerror(errno)));
  }
  // Made by the package, or by Nginx's.
  const passwd* programs = ::getpwnam("minschool");
  const group* nginx = ::getgrnam("www-data");
  if (programs != nullptr &&
      ::chown(folder.c_str(), programs->pw_uid, nginx != nullptr ? nginx->gr_gid : programs->pw_gid) != 0) {
    throw Failure(fmt::format("{} cannot be given to minschool: {}", folder.string(), std::strerror(errno)));
  }
  print_step(fmt::format("made {} for members' files", folder.string()));
}

}  // namespace ms::cli::setup
