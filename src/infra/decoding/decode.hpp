#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "infra/decoding/parts.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/io/file.hpp"
#include "infra/sandbox/run.hpp"

// Asks minschool-decoder about a file (docs/decisions/0040-decoder.md).
namespace ms::decoding {

enum class Operation {
  identify,  ///< the type only
  prepare,   ///< and renditions of a picture, text and first page of a document
  avatar,    ///< and squares of a picture
};
std::string_view name_of(Operation operation);

/// What is known of a file; move-only.
struct Decoded {
  Report report;
  std::vector<Part> parts;  ///< views of `output`
  sandbox::Output output;
  std::string problem = {};  ///< for operators, when the refusal is too_slow or failed
  std::chrono::milliseconds cpu{0};
};

/// The decoder that belongs to the running program: beside it where it was built, in libexec where it is installed.
std::string decoder_path();

/// Decodes `file`, which is open for reading and at its beginning, in a process of its own. A file that kills, hangs
/// or floods the decoder is refused, and what was known by then is kept. Throws when there is no decoder, or when the
/// machine lets it not restrict itself: the file is not at fault.
async<Decoded> decode(const Call& call, std::string decoder, Operation operation, const File& file,
                      sandbox::Limits limits = {});

}  // namespace ms::decoding
