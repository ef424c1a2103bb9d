#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ms::files {

/// The value of Upload-Length or Upload-Offset: a whole decimal number, else nullopt.
std::optional<std::int64_t> parse_size(std::string_view text);

/// What a client says about a file in Upload-Metadata; other keys are ignored.
struct UploadMetadata {
  std::string filename;
  std::string draft;
};

/// Pairs of a key and its value in Base64, separated by commas; a value may be missing (tus 1.0, creation). nullopt
/// when it is malformed, a key comes twice or a value is not UTF-8.
std::optional<UploadMetadata> parse_metadata(std::string_view header);
/// The same of one file name.
std::string format_metadata(std::string_view filename);

}  // namespace ms::files
