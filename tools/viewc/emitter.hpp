#pragma once
#include <stdexcept>
#include <string>
#include <string_view>

#include "catalogue.hpp"
#include "problem.hpp"

namespace viewc {

/// The C++ of one template.
struct CompiledTemplate {
  std::string header;  ///< declarations
  std::string source;  ///< definitions
};

/// All problems of a template, in the order of their places.
struct CompileError : std::runtime_error {
  CompileError(const std::string& file, Problems all);
  Problems problems;
};

/// Compiles a template (README.md describes the language). `file` is the name that problems and #line show; `relative`
/// is the template's path below the root of includes. Throws CompileError.
CompiledTemplate compile(std::string_view source, const std::string& file, const std::string& relative,
                         const Catalogue& texts);

}  // namespace viewc
