#pragma once
#include <cstdint>
#include <vector>

namespace ms::view {

/// The page numbers to link: the first, the last and those around the current one; 0 stands for a gap.
std::vector<std::int64_t> page_numbers(std::int64_t current, std::int64_t last);

}  // namespace ms::view
