#pragma once
#include <memory>

#include "apps/program/app.hpp"

namespace ms::admin {

/// The Admin: staff run the site with it (port 3001). It has its own logins: a login at the Site is not valid here.
std::unique_ptr<program::App> make(program::Services& services);

}  // namespace ms::admin
