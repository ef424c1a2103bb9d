#pragma once
#include "apps/program/app.hpp"
#include "infra/config/config.hpp"

namespace ms::program {

/// What differs between the two programs.
struct About {
  config::Program program;
  const char* name;  ///< "minschool-site"
  MakeApp make;
};

/// All of main(): parses the command line and the configuration, then runs as the master, or as a worker when the
/// master started this process (infra/process). Exit code 78 for a wrong configuration.
int run(const About& about, int argc, char** argv);

}  // namespace ms::program
