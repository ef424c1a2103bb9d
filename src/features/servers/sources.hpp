#pragma once
#include <string_view>
#include <vector>

#include "features/servers/figures.hpp"
#include "features/servers/store.hpp"

// What other programs say, as figures. Pure functions: a text that is not what it should be gives less, never a fault.
namespace ms::servers {

/// Redis's INFO.
RedisFigures read_info(std::string_view info);
/// A heartbeat; nullopt when the text is not one.
std::optional<Heartbeat> read_beat(std::string_view text);
/// /upstream_status of the monitor.
NginxFigures read_upstream_status(std::string_view text);

/// Assigns the programs to their servers, with each one's newest heartbeat, and Nginx's view beside them.
std::vector<Server> assemble(const std::vector<store::ServerRow>& known, const std::vector<Heartbeat>& heartbeats,
                             const NginxFigures& nginx);
/// The whole as one line of the history.
Sample sample_of(const Overview& overview);

}  // namespace ms::servers
