#pragma once
#include <spdlog/formatter.h>
#include <spdlog/sinks/sink.h>

#include <memory>
#include <string>

namespace ms::process {

/// Whether standard error leads to systemd's journal. The journal records time and level itself; `<4>` at the start of
/// a line gives the level (sd-daemon(3)).
bool log_is_journal();

/// The format of a log line: "2026-11-26T12:00:00.000+09:00 warn …", or "<4>…" for the journal.
std::unique_ptr<spdlog::formatter> log_formatter(bool journal);

/// A sink in front of `to` that writes the same warning or error only once in ten seconds. It counts repetitions and
/// reports the count with the next line after that time. So a fault that occurs in each turn of a loop does not fill
/// the disk. It keeps at most 64 lines.
std::shared_ptr<spdlog::sinks::sink> count_repeats(std::shared_ptr<spdlog::sinks::sink> to);

/// Sets up spdlog for the whole process: to standard error, or to standard output where only that is collected. What
/// libraries write to standard error goes the same way.
void start_log(const std::string& name, const std::string& level, bool to_stdout);

}  // namespace ms::process
