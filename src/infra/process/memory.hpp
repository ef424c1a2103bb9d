#pragma once
#include <cstdint>
#include <filesystem>

namespace ms::process {

/// Bytes of memory that programs here may use: the machine's, or less where a container or a unit (cgroup, version 1 or
/// 2) has a limit. 0 when it cannot be read. `root`: of the file system with /proc and /sys.
std::uint64_t usable_memory(const std::filesystem::path& root = "/");

}  // namespace ms::process
