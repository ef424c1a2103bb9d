#pragma once
#include <memory>

#include "apps/program/app.hpp"

namespace ms::admin {

/// The Admin: what staff run the site with (port 3001). Its logins are its own: one at the Site does not open it.
std::unique_ptr<program::App> make(program::Services& services);

}  // namespace ms::admin
