#pragma once
#include "apps/program/app.hpp"
#include "infra/config/config.hpp"

namespace ms::program {

/// What tells the two programs apart.
struct About {
  config::Program program;
  const char* name;  ///< "minschool-site"
  MakeApp make;
};

/// The whole of main(): reads the command line and the configuration, is the master, or a worker when the master
/// started it (infra/process). Exit code 78 for a wrong configuration.
int run(const About& about, int argc, char** argv);

}  // namespace ms::program
