#include "infra/view/pages.hpp"

#include <algorithm>

namespace ms::view {

std::vector<std::int64_t> page_numbers(std::int64_t current, std::int64_t last) {
  constexpr std::int64_t kAround = 2;  // on each side: seven targets of 44 px fit into two lines of a phone
  const std::int64_t from = std::max<std::int64_t>(1, current - kAround);
  const std::int64_t to = std::min(last, current + kAround);
  std::vector<std::int64_t> out;
  out.reserve(2 * kAround + 5);
  if (from > 1) out.push_back(1);
  if (from > 2) out.push_back(0);
  for (std::int64_t number = from; number <= to; ++number) out.push_back(number);
  if (to < last - 1) out.push_back(0);
  if (to < last) out.push_back(last);
  return out;
}

}  // namespace ms::view
