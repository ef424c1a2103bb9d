#pragma once
#include <memory>

#include "apps/program/app.hpp"

namespace ms::site {

/// The Site: what visitors and members use (port 3000).
std::unique_ptr<program::App> make(program::Services& services);

}  // namespace ms::site
