#pragma once
#include <string_view>

#include "infra/decoding/parts.hpp"

namespace ms::decoder {

/// Where results go, part by part, so that what is done stays when the next step kills the process.
class Output {
 public:
  explicit Output(int descriptor) : descriptor_(descriptor) {}

  void type(const decoding::MediaType& type, decoding::Kind kind);
  void part(const decoding::Part& part);
  /// The end.
  void report(const decoding::Report& report);

 private:
  void write(std::string_view bytes) const;

  int descriptor_;
};

}  // namespace ms::decoder
