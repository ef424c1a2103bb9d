#pragma once
#include <string>

namespace ms {

/// The version of this build, "0.1.0". A function of one small file, so that another version is a matter of seconds to build.
const std::string& version();

}  // namespace ms
