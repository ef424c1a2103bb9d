#include "infra/core/version.hpp"

namespace ms {

const std::string& version() {
  static const std::string kVersion = MINSCHOOL_VERSION;
  return kVersion;
}

}  // namespace ms
