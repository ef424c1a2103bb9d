#include "apps/admin/admin.hpp"
#include "apps/program/run.hpp"

int main(int argc, char** argv) {
  return ms::program::run({ms::config::Program::admin, "minschool-admin", ms::admin::make}, argc, argv);
}
