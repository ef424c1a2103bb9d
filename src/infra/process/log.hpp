#pragma once
#include <spdlog/formatter.h>

#include <memory>
#include <string>

namespace ms::process {

/// Whether standard error leads to systemd's journal. It keeps time and level itself; the level is told by `<4>` in
/// front of a line (sd-daemon(3)).
bool log_is_journal();

/// How a line of the log looks: "2026-11-26T12:00:00.000+09:00 warn …", or "<4>…" for the journal.
std::unique_ptr<spdlog::formatter> log_formatter(bool journal);

/// Sets up spdlog for the whole process: to standard error, or to standard output for whoever collects only that. What
/// libraries write to standard error goes the same way.
void start_log(const std::string& name, const std::string& level, bool to_stdout);

}  // namespace ms::process
