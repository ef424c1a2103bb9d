#include "infra/core/invariant.hpp"

#include <spdlog/spdlog.h>

namespace ms {

void report_broken_invariant(std::string_view what, const std::source_location& where) {
  spdlog::error("broken invariant: {} ({}:{})", what, where.file_name(), where.line());
}

}  // namespace ms
