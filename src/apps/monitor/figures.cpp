#include "apps/monitor/figures.hpp"

#include <algorithm>

namespace ms::monitor {
namespace {

void set_shares(std::vector<Row>& rows, Figures Row::* which) {
  std::uint64_t all = 0;
  for (const Row& row : rows) all += (row.*which).tally.count;
  if (all == 0) return;
  for (Row& row : rows) (row.*which).share = static_cast<double>((row.*which).tally.count) / static_cast<double>(all);
}

}  // namespace

Figures figures(const Tally& tally, std::chrono::seconds length, Clock::time_point started_at, Clock::time_point now) {
  const std::chrono::duration<double> counted = std::min<Clock::duration>(length, now - started_at);
  Figures out{tally};
  if (counted.count() >= 1) out.per_second = static_cast<double>(out.tally.count) / counted.count();
  return out;
}

std::map<std::string_view, std::vector<Row>> rows(const Traffic& traffic, Clock::time_point now) {
  std::map<std::string_view, std::vector<Row>> out;
  for (const auto& [address, server] : traffic.servers()) {
    Row row{&server, figures(server.counts.minute(now), Counts::kMinute, traffic.started_at(), now),
            figures(server.counts.five_minutes(now), Counts::kFive, traffic.started_at(), now)};
    out[server.configured ? std::string_view(server.place.upstream) : std::string_view()].push_back(row);
  }
  for (auto& [upstream, of] : out) {
    set_shares(of, &Row::minute);
    set_shares(of, &Row::five);
  }
  return out;
}

}  // namespace ms::monitor
