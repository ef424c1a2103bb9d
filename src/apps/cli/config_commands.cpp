#include <iostream>
#include <map>
#include <memory>

#include "apps/cli/command.hpp"

namespace ms::cli {

config::Settings load_settings(const Options& options, config::Program program) {
  auto settings = config::load(program, options.config);
  if (!settings) throw Failure(settings.error());
  return *std::move(settings);
}

void add_config_commands(CLI::App& app, const Options& options) {
  using config::Program;
  const std::map<std::string, Program> programs{
      {"site", Program::site}, {"admin", Program::admin}, {"monitor", Program::monitor}, {"cli", Program::cli}};

  auto* check = app.add_subcommand("check-config", "Reads the configuration as a program would and says what is wrong");
  auto program = std::make_shared<Program>(Program::site);
  check->add_option("--program", *program, "site (default), admin, monitor or cli")
      ->transform(CLI::Transformer(programs));
  check->callback([&options, program] {
    load_settings(options, *program);
    std::cout << "The configuration is fine for the program " << config::name_of(*program) << ".\n";
  });

  app.add_subcommand("example-config", "Prints a configuration file with every key, its meaning and its default")
      ->callback([] { std::cout << config::example(); });
}

}  // namespace ms::cli
