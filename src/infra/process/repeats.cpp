#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include "infra/process/log.hpp"

namespace ms::process {
namespace {

using spdlog::details::log_msg;

constexpr auto kRepeatPeriod = std::chrono::seconds(10);
constexpr std::size_t kMaxLines = 64;

class Repeats final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit Repeats(std::shared_ptr<spdlog::sinks::sink> to) : to_(std::move(to)) {}

 protected:
  void sink_it_(const log_msg& line) override {
    report_due(line);
    if (line.level < spdlog::level::warn) return to_->log(line);
    const std::string_view text(line.payload.data(), line.payload.size());
    const auto known = std::ranges::find(lines_, text, &Line::text);
    if (known != lines_.end()) {
      ++known->repeated;
      return;
    }
    if (lines_.size() >= kMaxLines) {
      report_repetitions(line, lines_.front());
      lines_.erase(lines_.begin());
    }
    lines_.push_back({std::string(text), line.level, line.time, 0});
    to_->log(line);
  }
  void flush_() override { to_->flush(); }
  void set_formatter_(std::unique_ptr<spdlog::formatter> formatter) override {
    to_->set_formatter(std::move(formatter));
  }

 private:
  struct Line {
    std::string text;
    spdlog::level::level_enum level;
    spdlog::log_clock::time_point since;
    int repeated;
  };

  /// Lines are ordered by time.
  void report_due(const log_msg& now) {
    const auto due =
        std::ranges::find_if(lines_, [&](const Line& line) { return now.time - line.since < kRepeatPeriod; });
    std::for_each(lines_.begin(), due, [&](const Line& line) { report_repetitions(now, line); });
    lines_.erase(lines_.begin(), due);
  }

  void report_repetitions(const log_msg& now, const Line& line) {
    if (line.repeated == 0) return;
    const std::string text =
        fmt::format("{} (repeated {} {})", line.text, line.repeated, line.repeated == 1 ? "time" : "times");
    to_->log(log_msg(now.time, now.source, now.logger_name, line.level, text));
  }

  std::shared_ptr<spdlog::sinks::sink> to_;
  std::vector<Line> lines_;
};

}  // namespace

std::shared_ptr<spdlog::sinks::sink> count_repeats(std::shared_ptr<spdlog::sinks::sink> to) {
  return std::make_shared<Repeats>(std::move(to));
}

}  // namespace ms::process
