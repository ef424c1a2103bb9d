#pragma once

namespace ms::decoding {

// Statuses of minschool-decoder besides 0, sysexits(3).
inline constexpr int kUsage = 64;
inline constexpr int kFailed = 70;          ///< an exception, such as too little memory
inline constexpr int kCannotRestrict = 71;  ///< the machine does not let it restrict itself

}  // namespace ms::decoding
