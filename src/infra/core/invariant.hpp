#pragma once
#include <source_location>
#include <string_view>

namespace ms {

/// Writes an error into the log: what can never be so is so.
void report_broken_invariant(std::string_view what, const std::source_location& where);

/// What must hold whatever a visitor, PostgreSQL or Redis does, checked in every build: a program of which this is false
/// is wrong. Reports it and gives `holds`, so that the caller turns to what harms least: it closes the connection, or
/// shows what there is. It does not end the process, which serves thousands of others. A comparison of what is at hand
/// costs about a nanosecond; nothing is read for it.
inline bool invariant(bool holds, std::string_view what,
                      const std::source_location& where = std::source_location::current()) {
  if (!holds) [[unlikely]] report_broken_invariant(what, where);
  return holds;
}

}  // namespace ms
