#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/audit/audit.hpp"
#include "features/servers/figures.hpp"
#include "features/servers/health.hpp"
#include "features/servers/servers.hpp"
#include "infra/core/message.hpp"
#include "infra/core/result.hpp"

// What the Admin's pages of servers show, and how figures are written there.
namespace ms::servers {

// --- figures as people read them; "모름" for what nobody knows
std::string rate_word(double per_second);
std::string rate_word(std::optional<double> per_second);
std::string ms_word(double milliseconds);
/// Of whole milliseconds, as Nginx measures them.
std::string ms_word(std::int64_t milliseconds);
std::string bytes_word(std::int64_t bytes);
std::string percent_word(double share);
std::string percent_word(std::optional<double> share);
/// "1.04"
std::string fraction_word(double value);
/// "14:05:09" in Seoul.
std::string seoul_second(std::int64_t at_ms);
std::string cores_word(double cores);
std::string time_word(double seconds);

/// What is no app server.
enum class Part { nginx, redis, postgresql };
std::string_view name_of(Part part) noexcept;
std::string_view path_of(Part part) noexcept;

Msg word_of(Health health);
/// "badge-success", …
std::string_view badge_of(Health health);
/// "edge-up", "edge-ill", "edge-rest" or "edge-down": the line between Nginx and a server.
std::string_view edge_of(Health health);
/// The line to a store.
std::string_view edge_of(const Server& server, const Line& line);
/// How long a server takes, as Nginx sees it, or else as its Site says.
std::string p95_word_of(const Server& server);

/// What is wrong, in sentences; empty: nothing.
std::vector<std::string> complaints(const Overview& overview);

/// Some minutes of the history, for the table.
struct HistoryBucket {
  Timestamp from;
  std::optional<double> requests;
  std::optional<double> errors;
  std::optional<double> p95_ms;
  std::optional<double> cpu;
  std::optional<double> transactions;
  std::optional<double> commands;
};
/// Averages of each five minutes, newest first.
std::vector<HistoryBucket> history_buckets(const std::vector<Sample>& samples);

struct ServersPage {
  const Overview& now;
  const std::vector<HistoryBucket>& history;
};

/// An act that was refused, with what was typed.
struct FormState {
  std::optional<Error> error;
  std::string reason;
};

struct ServerPage {
  const Server& server;
  const std::vector<audit::Entry>& acts;
  const FormState& form_state;
  bool may_act;
  bool last;  ///< no other Site serves
  Timestamp now;
};

}  // namespace ms::servers
