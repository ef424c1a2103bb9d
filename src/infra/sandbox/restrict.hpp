#pragma once
#include <string>
#include <vector>

#include "infra/sandbox/limits.hpp"

// The part of the sandbox that a process applies to itself, before it touches what a stranger sent
// (docs/decisions/0040-decoder.md).
namespace ms::sandbox {

/// Files that every process may read afterwards: what libraries load late (fonts, character maps).
std::vector<std::string> library_data();

/// Restricts the calling process for the rest of its life; needs no privilege and no namespace. Afterwards it has its
/// open descriptors and memory, may start threads, and opens files below `readable` for reading (Landlock; no file at
/// all where the kernel has no Landlock). The network, other programs, new processes, tracing and mounting end it
/// with SIGSYS; other system calls that it does not need fail with EPERM. Loading of code fails, so libraries and their
/// plugins are loaded before. Throws std::system_error: then the process must end.
void restrict_process(const Limits& limits, const std::vector<std::string>& readable);

}  // namespace ms::sandbox
