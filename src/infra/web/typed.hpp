#pragma once
#include <string>

namespace ms::web {

/// A field of a form as it was sent, to be sent again.
struct Typed {
  std::string name;
  std::string value;

  /// Something a person wrote, to be seen and kept; the rest goes along unseen.
  bool written() const { return name == "title" || name == "content" || name == "reason"; }
};

}  // namespace ms::web
