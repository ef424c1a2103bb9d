// The view compiler's command line; README.md here describes the language.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "catalogue.hpp"
#include "emitter.hpp"

namespace {

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error(file.string() + ": error: cannot be read");
  return std::string(std::istreambuf_iterator<char>(in), {});
}

void write_file(const std::filesystem::path& file, const std::string& content) {
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << content;
  if (!out.flush()) throw std::runtime_error(file.string() + ": error: cannot be written");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("viewc: compiles the words and views of MinSchool to C++");
  std::filesystem::path catalogue, text, root, out, file;
  auto* catalogue_option = app.add_option("--catalogue", catalogue, "Texts (ko.toml) to compile into FILE, a C++ file");
  auto* text_option = app.add_option("--text", text, "Texts that the view FILE may use")->excludes(catalogue_option);
  app.add_option("--root", root, "Folder that FILE is relative to")->needs(text_option);
  app.add_option("--out", out, "Folder for FILE.hpp and FILE.cpp")->needs(text_option);
  app.add_option("FILE", file, "See --catalogue and --text")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    if (!catalogue.empty()) {
      write_file(file, viewc::Catalogue::load(catalogue).source());
      return 0;
    }
    const auto made = viewc::compile(read_file(root / file), (root / file).string(), file.generic_string(),
                                     viewc::Catalogue::load(text));
    write_file(out / (file.string() + ".hpp"), made.header);
    write_file(out / (file.string() + ".cpp"), made.source);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
