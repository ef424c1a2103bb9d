#include "apps/cli/command.hpp"
namespace ms::cli {
void add_doctor(CLI::App&) {}
}
