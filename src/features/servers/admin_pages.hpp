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

// The content of the Admin's pages about servers, and the format of figures.
namespace ms::servers {

// --- formatted figures; "모름" for unknown ones
std::string rate_word(double per_second);
std::string rate_word(std::optional<double> per_second);
std::string ms_word(double milliseconds);
/// For whole milliseconds, which Nginx measures.
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

/// The parts of a site besides its app servers.
enum class Part { nginx, redis, postgresql };
std::string_view name_of(Part part) noexcept;
std::string_view path_of(Part part) noexcept;

Msg word_of(Health health);
/// "badge-success", …
std::string_view badge_class(Health health);
/// The CSS class of the line between Nginx and a server: "edge-up", "edge-rest" or "edge-down".
std::string_view edge_class(Health health);
/// The CSS class of the line between a server and a dependency.
std::string_view edge_class(const Server& server, const DependencyFigures& figures);
/// The server's response time, from the monitor, or else from the Site itself.
std::string p95_word_of(const Server& server);

/// The present problems, a sentence each.
std::vector<std::string> complaints(const Overview& overview);

/// Averages of five minutes of the history, for the table.
struct HistoryBucket {
  Timestamp from;
  std::optional<double> requests;
  std::optional<double> errors;
  std::optional<double> p95_ms;
  std::optional<double> cpu;
  std::optional<double> transactions;
  std::optional<double> commands;
};
/// Newest first.
std::vector<HistoryBucket> history_buckets(const std::vector<Sample>& samples);

struct ServersPage {
  const Overview& now;
  const std::vector<HistoryBucket>& history;
};

/// A refused form with its text.
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
