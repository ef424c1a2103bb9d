#pragma once
#include <string>
#include <vector>

#include "features/servers/figures.hpp"

namespace ms::cli {

/// The screen of `minschool monit`: at most `rows` lines of at most `columns` ASCII characters. Names and texts of
/// other machines are shown without control characters.
std::vector<std::string> monit_screen(const servers::Overview& now, std::size_t rows, std::size_t columns);

}  // namespace ms::cli
