#include "infra/process/environment.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace ms::process {
namespace {

// LC_ and LANG too: the tools that a program starts then speak English.
constexpr std::array<std::string_view, 3> kPrefixes{"PG", "LC_", "LANG"};
constexpr std::array<std::string_view, 9> kNames{"REDISCLI_AUTH", "http_proxy",  "https_proxy",
                                                 "all_proxy",     "HTTP_PROXY",  "HTTPS_PROXY",
                                                 "ALL_PROXY",     "TAR_OPTIONS", "POSIXLY_CORRECT"};
constexpr mode_t kNotWritableByOthers = 0022;

bool is_foreign(std::string_view name) {
  for (const auto prefix : kPrefixes) {
    if (name.starts_with(prefix)) return true;
  }
  for (const auto one : kNames) {
    if (name == one) return true;
  }
  return false;
}

}  // namespace

void pin_environment() {
  std::vector<std::string> foreign;
  for (char** one = environ; one != nullptr && *one != nullptr; ++one) {
    const std::string_view variable = *one;
    const auto name = variable.substr(0, variable.find('='));
    if (is_foreign(name)) foreign.emplace_back(name);
  }
  for (const std::string& name : foreign) ::unsetenv(name.c_str());
  ::setenv("LC_ALL", "C.UTF-8", 1);
  // Files that others must not read are created with their own mode; none may be writable by others, whatever the umask
  // of the shell is.
  const mode_t inherited = ::umask(kNotWritableByOthers);
  ::umask(inherited | kNotWritableByOthers);
}

}  // namespace ms::process
