#pragma once
#include <string>

namespace ms {

/// The version of this build, "0.1.0". One small file has it, so that another version is built in seconds.
const std::string& version();

}  // namespace ms
