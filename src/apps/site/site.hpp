#pragma once
#include <memory>

#include "apps/program/app.hpp"

namespace ms::site {

/// The Site: the pages for guests and members (port 3000).
std::unique_ptr<program::App> make(program::Services& services);

}  // namespace ms::site
