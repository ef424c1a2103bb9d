// Nginx's output for minschool-monitor: lines of its log, which anybody can shape by their requests, its status page
// and its configuration.
#include <string>

#include "apps/monitor/log_line.hpp"
#include "apps/monitor/nginx_config.hpp"
#include "apps/monitor/nginx_status.hpp"
#include "work.hpp"

namespace {

using ms::fuzz::require;
using ms::monitor::LogLine;

constexpr std::uint64_t kFixed = 20'000;
constexpr std::uint64_t kPerByte = 1'000;

void check_line(std::string_view datagram) {
  const auto begin = ms::fuzz::loads();
  const auto line = ms::monitor::parse_log_line(datagram);
  ms::fuzz::check_work(begin, datagram.size(), kFixed, kPerByte);
  if (!line) return;
  require(line->status >= 0 && line->status <= 999, "a status", datagram);
  require(line->cache < ms::monitor::kCacheWords.size(), "a word of the cache", datagram);
  require(line->attempt_count <= LogLine::kMaxAttempts, "too many attempts", datagram);
  require(datagram.contains(line->request) && !line->request.contains('|'), "another request", datagram);
  for (std::size_t i = 0; i < line->attempt_count; ++i) {
    require(!line->attempts[i].address.empty() && !line->attempts[i].address.contains('|'), "an address", datagram);
    require(line->attempts[i].status >= 0 && line->attempts[i].status <= 999, "an attempt's status", datagram);
  }
}

void check_config(std::string_view text) {
  const auto begin = ms::fuzz::loads();
  const auto upstreams = ms::monitor::read_upstreams(text);
  const std::string path = ms::monitor::read_cache_path(text);
  ms::fuzz::check_work(begin, text.size(), kFixed, kPerByte);
  require(path.size() <= text.size(), "a path out of nothing", text);
  if (!upstreams) return;
  require(!upstreams->empty(), "no upstream and no error", text);
  for (const auto& upstream : *upstreams) {
    for (const auto& server : upstream.servers) {
      require(server.address.starts_with("unix:") || server.address.contains(':'), "a server without a port", text);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = ms::fuzz::text_of(data, size);
  check_line(text);
  check_line("<190>Nov 22 19:59:34 minschool: 1|" + std::string(text));
  check_config(text);
  const auto status = ms::monitor::parse_stub_status(text);
  require(!status || text.starts_with("Active connections:"), "a status of something else", text);
  return 0;
}
