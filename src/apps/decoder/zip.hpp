#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace ms::decoder {

/// Passes the entries whose names `wanted` accepts to `take`, with their contents, in the archive's order. Others are
/// not unpacked. False when the archive is broken, or has more entries or bytes than are read: a few MB may unpack to
/// terabytes. What was taken until then is right.
bool read_zip(std::string_view bytes, const std::function<bool(std::string_view name)>& wanted,
              const std::function<void(std::string_view name, std::string content)>& take);

}  // namespace ms::decoder
