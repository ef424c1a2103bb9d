#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ms::monitor {

/// Nginx's report about its connections (stub_status).
struct Connections {
  std::uint64_t active = 0;
  std::uint64_t accepted = 0;
  std::uint64_t handled = 0;
  std::uint64_t requests = 0;
  std::uint64_t reading = 0;
  std::uint64_t writing = 0;
  std::uint64_t waiting = 0;
};

/// Nothing when the text is not a stub_status page.
std::optional<Connections> parse_stub_status(std::string_view text);

}  // namespace ms::monitor
