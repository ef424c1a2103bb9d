#include "infra/process/memory.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

namespace ms::process {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

/// The number that a file begins with; kNoLimit for "max" and where there is none.
std::uint64_t number_in(const fs::path& path) {
  std::uint64_t out = 0;
  return std::ifstream(path) >> out ? out : kNoLimit;
}

std::uint64_t machine_memory(const fs::path& root) {
  std::ifstream file(root / "proc/meminfo");
  std::string name;
  std::uint64_t kilobytes = 0;
  return file >> name >> kilobytes && name == "MemTotal:" ? kilobytes * 1024 : 0;
}

/// The lowest limit of the group and of those that it is in. A container may see its own group as the root.
std::uint64_t lowest_limit(const fs::path& top, fs::path group, const char* file) {
  std::uint64_t out = number_in(top / file);
  for (group = group.relative_path(); !group.empty(); group = group.parent_path()) {
    out = std::min(out, number_in(top / group / file));
  }
  return out;
}

}  // namespace

std::uint64_t usable_memory(const fs::path& root) {
  std::uint64_t out = machine_memory(root);
  std::ifstream groups(root / "proc/self/cgroup");  // lines "0::/user.slice" and, of version 1, "4:memory:/user.slice"
  for (std::string line; std::getline(groups, line);) {
    std::istringstream fields(line);
    std::string id, controllers, path;
    std::getline(fields, id, ':');
    std::getline(fields, controllers, ':');
    std::getline(fields, path);
    const fs::path top = root / "sys/fs/cgroup";
    if (controllers.empty()) out = std::min(out, lowest_limit(top, path, "memory.max"));
    if (controllers == "memory") out = std::min(out, lowest_limit(top / "memory", path, "memory.limit_in_bytes"));
  }
  return out;
}

}  // namespace ms::process
