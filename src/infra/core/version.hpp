#pragma once
#include <string>

namespace ms {

/// The version of this build, "0.1.0". It has a small file of its own, so that another version builds in seconds.
const std::string& version();

}  // namespace ms
