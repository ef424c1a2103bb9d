#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "apps/monitor/traffic.hpp"

namespace ms::monitor {

/// A Tally with the figures that people read.
struct Figures {
  Tally tally;
  double per_second = 0;
  double share = 0;  ///< of the requests of its upstream, 0 to 1; 0 when there was none

  /// 0 to 1.
  double errors() const {
    return tally.count == 0 ? 0 : static_cast<double>(tally.classes.back()) / static_cast<double>(tally.count);
  }
  std::uint64_t milliseconds(double share_of_all) const { return tally.milliseconds.at(share_of_all); }
};

/// `length` is the tally's window; a monitor that started later has counted for less.
Figures figures(const Tally& tally, std::chrono::seconds length, Clock::time_point started_at, Clock::time_point now);

/// A server and its recent figures.
struct Row {
  const Server* server = nullptr;
  Figures minute;
  Figures five;
};

/// Rows by upstream; servers that Nginx's file does not name are listed under "".
std::map<std::string_view, std::vector<Row>> rows(const Traffic& traffic, Clock::time_point now);

}  // namespace ms::monitor
