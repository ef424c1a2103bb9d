// `minschool postgres-config`: PostgreSQL's settings of memory for this machine, which setup and script/server use too.
#include "apps/cli/postgres_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>

#include "apps/cli/command.hpp"
#include "infra/process/memory.hpp"

namespace ms::cli {
namespace {

constexpr std::uint64_t kMegabyte = 1024 * 1024;

}  // namespace

std::vector<PostgresSetting> postgres_memory(std::uint64_t bytes) {
  const std::uint64_t memory = bytes / kMegabyte;
  const auto share = [memory](std::uint64_t of, std::uint64_t least, std::uint64_t most) {
    return std::clamp(memory / of, least, most);
  };
  // A quarter is PostgreSQL's own advice; the kernel keeps files in the rest. Each of at most some hundred connections
  // may use work_mem several times, at a time only few do. The log is on the disk: more of it means fewer checkpoints.
  return {{"shared_buffers", share(4, 128, 8192), "128MB"}, {"effective_cache_size", share(2, 256, 65536), "4GB"},
          {"work_mem", share(512, 4, 32), "4MB"},           {"maintenance_work_mem", share(16, 64, 1024), "64MB"},
          {"max_wal_size", share(4, 1024, 4096), "1GB"},    {"min_wal_size", share(16, 80, 1024), "80MB"}};
}

std::string setting_line(const PostgresSetting& setting) {
  return fmt::format("{} = {}MB\n", setting.name, setting.megabytes);
}

void add_postgres_config(CLI::App& app) {
  auto* command = app.add_subcommand("postgres-config", "Prints PostgreSQL's settings of memory for this machine");
  const auto megabytes = std::make_shared<std::uint64_t>(0);
  command->add_option("--memory", *megabytes, "MB, for another machine (default: what is here, or a container's limit)")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 30U));
  command->callback([megabytes] {
    const std::uint64_t bytes = *megabytes > 0 ? *megabytes * kMegabyte : process::usable_memory();
    for (const PostgresSetting& setting : postgres_memory(bytes)) std::cout << setting_line(setting);
  });
}

}  // namespace ms::cli
