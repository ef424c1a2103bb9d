#pragma once
#include <string_view>
#include <vector>

#include "features/servers/figures.hpp"
#include "features/servers/store.hpp"

// Parses the reports of other programs. Pure functions, which leave out figures that cannot be parsed.
namespace ms::servers {

/// Redis's INFO.
RedisFigures read_info(std::string_view info);
/// nullopt when the text is not a heartbeat.
std::optional<Heartbeat> parse_heartbeat(std::string_view text);
/// /upstream_status of the monitor.
NginxFigures read_upstream_status(std::string_view text);

/// Assigns the newest heartbeat of each program, and the server of Nginx's upstream, to the app servers.
std::vector<Server> assemble(const std::vector<store::ServerRow>& known, const std::vector<Heartbeat>& heartbeats,
                             const NginxFigures& nginx);
/// The sums over all servers, for the history.
Sample sample_of(const Overview& overview);

}  // namespace ms::servers
