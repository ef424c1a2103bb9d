#pragma once
#include <string_view>

#include "apps/program/app.hpp"
#include "infra/jobs/runner.hpp"

namespace ms::program {

/// Makes known to the runner what the program runs. `parts` outlive the runner.
void add_jobs(jobs::Runner& runner, Services& services, config::Program program);

}  // namespace ms::program
