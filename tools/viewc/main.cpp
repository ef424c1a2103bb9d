// The view compiler's command line; README.md here describes the language.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

#include "catalogue.hpp"

namespace {

void write_file(const std::filesystem::path& file, const std::string& content) {
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << content;
  if (!out.flush()) throw std::runtime_error(file.string() + ": error: cannot be written");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("viewc: compiles the words and views of MinSchool to C++");
  std::string catalogue;
  std::string file;
  app.add_option("--catalogue", catalogue, "Texts (ko.toml) to compile into FILE");
  app.add_option("FILE", file, "The C++ file to write")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    write_file(file, viewc::Catalogue::load(catalogue).source());
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
