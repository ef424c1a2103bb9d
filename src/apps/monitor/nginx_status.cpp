#include "apps/monitor/nginx_status.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace ms::monitor {

std::optional<Connections> parse_stub_status(std::string_view text) {
  if (!text.starts_with("Active connections:")) return std::nullopt;
  std::array<std::uint64_t, 7> numbers{};
  std::size_t count = 0;
  while (true) {
    text.remove_prefix(std::min(text.find_first_of("0123456789"), text.size()));
    if (text.empty()) break;
    if (count == numbers.size()) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), numbers[count++]);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  if (count != numbers.size()) return std::nullopt;
  return Connections{numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6]};
}

}  // namespace ms::monitor
