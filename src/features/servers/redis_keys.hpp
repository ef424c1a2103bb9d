#pragma once
#include <string>

// Where beats stand in Redis.
namespace ms::servers {

inline const std::string kBeatKey = "server:";   ///< + "<server>:<program>"
inline const std::string kIndexKey = "servers";  ///< sorted set of "<server>:<program>", by when they were heard

}  // namespace ms::servers
