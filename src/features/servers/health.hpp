#pragma once
#include <optional>
#include <string_view>

#include "features/servers/figures.hpp"

// How a server is, from its figures.
namespace ms::servers {

/// up: all is well. degraded: without Redis. draining: staff drain it, and it still serves. drained: staff want it to
/// take no requests. failing: it lives and cannot serve, or Nginx says so. gone: its heartbeats stopped.
enum class Health { up, degraded, draining, drained, failing, gone };
/// "up", … for terminals.
std::string_view name_of(Health health) noexcept;

Health health_of(const Server& server);
/// How many Sites serve.
int serving(const Overview& overview);
/// What a server asks a store, its programs together.
Line together(const Server& server, Line Heartbeat::* line);
/// What Nginx gives a server, as the monitor sees it, or else as its Site says.
double requests_of(const Server& server);

}  // namespace ms::servers
