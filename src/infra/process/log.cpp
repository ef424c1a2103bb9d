#include "infra/process/log.hpp"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace ms::process {
namespace {

/// Formats the level as a priority of syslog(3).
class Priority final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& line, const std::tm&, spdlog::memory_buf_t& out) override {
    constexpr std::string_view kOfLevel = "776432";  // trace, debug, info, warn, error, critical
    out.push_back('<');
    out.push_back(kOfLevel.at(std::min<std::size_t>(static_cast<std::size_t>(line.level), kOfLevel.size() - 1)));
    out.push_back('>');
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<Priority>(); }
};

}  // namespace

// systemd names the stream that it passed to us (systemd.exec(5)); a shell may have redirected standard error since.
bool log_is_journal() {
  const char* given = std::getenv("JOURNAL_STREAM");
  struct stat found{};
  return given != nullptr && ::fstat(STDERR_FILENO, &found) == 0 &&
         fmt::format("{}:{}", found.st_dev, found.st_ino) == given;
}

std::unique_ptr<spdlog::formatter> log_formatter(bool journal) {
  auto out = std::make_unique<spdlog::pattern_formatter>();
  out->add_flag<Priority>('q');
  out->set_pattern(journal ? "%q%v" : "%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  return out;
}

void start_log(const std::string& name, const std::string& level, bool to_stdout) {
  if (to_stdout) ::dup2(STDOUT_FILENO, STDERR_FILENO);
  const auto logger =
      std::make_shared<spdlog::logger>(name, count_repeats(std::make_shared<spdlog::sinks::stderr_sink_mt>()));
  logger->set_formatter(log_formatter(log_is_journal()));
  spdlog::set_default_logger(logger);
  spdlog::set_level(spdlog::level::from_str(level));
}

}  // namespace ms::process
