#pragma once
#include <string>

// Keys of heartbeats in Redis.
namespace ms::servers {

inline const std::string kHeartbeatKey = "server:";  ///< + "<server>:<program>"
inline const std::string kIndexKey = "servers";  ///< sorted set of "<server>:<program>", scored by their last heartbeat

}  // namespace ms::servers
