#pragma once
#include <chrono>
#include <string>

namespace ms {

/// An instant in UTC. Seoul time (+09:00, no daylight saving since 1988) exists only in what people read.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

inline Timestamp now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

/// "2026. 3. 2." in Seoul.
std::string seoul_date(Timestamp at);
/// "2026. 3. 2. 14:05" in Seoul.
std::string seoul_minute(Timestamp at);
/// Midnight of the day in Seoul that holds `at`.
Timestamp seoul_midnight(Timestamp at);
/// "2026-03-02T05:05:09Z" (RFC 3339, which knows the years 0 to 9999).
std::string rfc3339(Timestamp at);

}  // namespace ms
