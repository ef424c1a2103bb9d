#include "apps/program/run.hpp"
#include "apps/site/site.hpp"

int main(int argc, char** argv) {
  return ms::program::run({ms::config::Program::site, "minschool-site", ms::site::make}, argc, argv);
}
