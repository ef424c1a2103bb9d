#pragma once
#include <spdlog/formatter.h>
#include <spdlog/sinks/sink.h>

#include <memory>
#include <string>

namespace ms::process {

/// Whether standard error leads to systemd's journal. It keeps time and level itself; the level is told by `<4>` in
/// front of a line (sd-daemon(3)).
bool log_is_journal();

/// How a line of the log looks: "2026-11-26T12:00:00.000+09:00 warn …", or "<4>…" for the journal.
std::unique_ptr<spdlog::formatter> log_formatter(bool journal);

/// A sink before `to` that writes a warning or error only once in ten seconds: what is equal to it until then is
/// counted, and said with the next one, or with any line after that time. So a fault that comes with each turn of a
/// loop does not fill the disk. Remembers 64 lines.
std::shared_ptr<spdlog::sinks::sink> count_repeats(std::shared_ptr<spdlog::sinks::sink> to);

/// Sets up spdlog for the whole process: to standard error, or to standard output for whoever collects only that. What
/// libraries write to standard error goes the same way.
void start_log(const std::string& name, const std::string& level, bool to_stdout);

}  // namespace ms::process
