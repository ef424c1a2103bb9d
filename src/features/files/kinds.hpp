#pragma once
#include <string_view>

#include "features/files/files.hpp"
#include "infra/core/message.hpp"

namespace ms::files {

/// What a file is for its readers.
struct FileKind {
  std::string_view icon;  ///< of web/icons
  Msg name;               ///< in words
};

/// By content when that is known, else by the extension of its name.
FileKind kind_of(const Attachment& one);

}  // namespace ms::files
