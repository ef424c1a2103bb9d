#pragma once
#include <memory>
#include <string_view>

#include "infra/decoding/media_type.hpp"

struct magic_set;

namespace ms::decoder {

struct Identity {
  decoding::MediaType type = decoding::kUnknownType;
  decoding::Kind kind = decoding::Kind::other;
};

/// Tells types by content (libmagic, and what is inside of ZIP and compound files). Nobody asks for a file's name.
class Identifier {
 public:
  /// Loads libmagic's rules, from files that are out of reach later.
  Identifier();
  Identity identify(std::string_view bytes) const;

 private:
  struct Close {
    void operator()(magic_set* cookie) const;
  };
  std::unique_ptr<magic_set, Close> magic_;
};

}  // namespace ms::decoder
