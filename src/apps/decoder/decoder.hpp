#pragma once
#include <string_view>

#include "apps/decoder/identify.hpp"
#include "apps/decoder/output.hpp"
#include "infra/decoding/decode.hpp"

namespace ms::decoder {

/// What minschool-decoder does with a file.
class Decoder {
 public:
  /// Starts the libraries: files and code that they need are out of reach later.
  Decoder();
  void run(decoding::Operation operation, std::string_view bytes, Output& output) const;

 private:
  Identifier identifier_;
};

}  // namespace ms::decoder
