#pragma once
#include <optional>
#include <string_view>

#include "features/servers/figures.hpp"

// The health of a server, derived from its figures.
namespace ms::servers {

/// up: everything works. degraded: without Redis. draining: staff drained it, but it still serves. drained: it serves
/// no requests. failing: it runs but cannot serve, or Nginx considers it down. gone: its heartbeats stopped.
enum class Health { up, degraded, draining, drained, failing, gone };
/// "up", …, for terminals.
std::string_view name_of(Health health) noexcept;

Health health_of(const Server& server);
/// The number of Sites that serve.
int serving(const Overview& overview);
/// The sum over the server's programs.
DependencyFigures dependency_figures(const Server& server, DependencyFigures Heartbeat::* dependency);
/// Requests per second, from the monitor, or else from the Site itself.
double requests_of(const Server& server);

}  // namespace ms::servers
