#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace ms::cli {

struct PostgresSetting {
  const char* name;
  std::uint64_t megabytes;
  const char* packaged;  ///< the value in the files of a new cluster
};

/// How much of this memory PostgreSQL uses for what, on a machine that it shares with the app servers.
std::vector<PostgresSetting> postgres_memory(std::uint64_t bytes);

/// A line of postgresql.conf.
std::string setting_line(const PostgresSetting& setting);

}  // namespace ms::cli
