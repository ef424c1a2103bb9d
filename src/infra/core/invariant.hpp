#pragma once
#include <source_location>
#include <string_view>

namespace ms {

/// Logs an error: an invariant does not hold.
void report_broken_invariant(std::string_view what, const std::source_location& where);

/// Checks, in every build, a condition that must hold whatever a client, PostgreSQL or Redis does: if it is false, the
/// program is wrong. Reports that and returns `holds`, so that the caller can do what harms least: close the
/// connection, or show what there is. It does not end the process, which serves thousands of others. Comparing values
/// at hand costs about a nanosecond; nothing is read for it.
inline bool invariant(bool holds, std::string_view what,
                      const std::source_location& where = std::source_location::current()) {
  if (!holds) [[unlikely]]
    report_broken_invariant(what, where);
  return holds;
}

}  // namespace ms
