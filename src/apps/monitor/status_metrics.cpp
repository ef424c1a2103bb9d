#include "apps/monitor/report.hpp"

namespace ms::monitor {
namespace {

using metrics::Kind;
using metrics::labels;
using metrics::Text;

std::string label_of(const Server& server) {
  return labels({{"upstream", server.place.upstream}, {"server", server.place.address}});
}

void by_class(Text& out, const Tally& tally, const std::string& of) {
  for (std::size_t i = 0; i < kClasses.size(); ++i) {
    const std::string status = labels({{"status", kClasses[i]}});
    out.sample(of.empty() ? status : of + "," + status, static_cast<double>(tally.classes[i]));
  }
}

void seconds(Text& out, const Counts& counts, const std::string& of) {
  const auto buckets = counts.seconds().counts();
  out.histogram(of, metrics::kSecondsBounds, buckets, counts.seconds().sum_seconds());
}

void write_servers(const Traffic& traffic, Text& out) {
  const auto each = [&](auto write) {
    for (const auto& [address, server] : traffic.servers()) write(server, label_of(server));
  };
  out.family(Kind::gauge, "minschool_upstream_state", "1 for the state that a server behind Nginx is in.");
  each([&](const Server& server, const std::string& of) {
    for (std::size_t i = 0; i < kStates.size(); ++i) {
      const bool is = static_cast<std::size_t>(server.state) == i;
      out.sample(of + "," + labels({{"state", kStates[i]}}), is ? 1 : 0);
    }
  });
  out.family(Kind::counter, "minschool_upstream_requests", "What Nginx asked a server, by the status of its answer.");
  each([&](const Server& server, const std::string& of) { by_class(out, server.counts.all(), of); });
  out.family(Kind::counter, "minschool_upstream_unanswered", "What Nginx asked a server without getting an answer.");
  each([&](const Server& server, const std::string& of) {
    out.sample(of, static_cast<double>(server.counts.all().unanswered));
  });
  out.family(Kind::histogram, "minschool_upstream_response_seconds", "How long a server took, without streams.");
  each([&](const Server& server, const std::string& of) { seconds(out, server.counts, of); });
}

void write_requests(const Traffic& traffic, Text& out) {
  out.family(Kind::counter, "minschool_nginx_requests", "Answers of Nginx to visitors, by status.");
  by_class(out, traffic.requests().all(), {});
  out.family(Kind::histogram, "minschool_nginx_request_seconds", "How long visitors waited, without streams.");
  seconds(out, traffic.requests(), {});
  out.family(Kind::counter, "minschool_nginx_cache", "What Nginx's cache of pages did.");
  for (std::size_t i = 0; i < kCacheWords.size(); ++i) {
    out.sample(labels({{"status", kCacheWords[i]}}), static_cast<double>(traffic.requests().all().caches[i]));
  }
  out.family(Kind::counter, "minschool_nginx_no_live_upstreams", "Requests for which Nginx knew no server at all.");
  out.sample({}, static_cast<double>(traffic.no_server()));
}

void write_saved_pages(const SavedPages& saved, Text& out) {
  out.family(Kind::gauge, "minschool_saved_pages_kept", "Whether Nginx saves pages; 0: the disk of its cache is full.");
  out.sample({}, saved.saving() ? 1 : 0);
  out.family(Kind::counter, "minschool_saved_pages_forgotten", "Times that saved pages were purged.");
  out.sample({}, static_cast<double>(saved.purges()));
  out.family(Kind::counter, "minschool_saved_pages_forgotten_pages", "Saved pages that were purged.");
  out.sample({}, static_cast<double>(saved.purged_pages()));
  if (!saved.disk()) return;
  out.family(Kind::gauge, "minschool_saved_pages_disk_bytes", "The disk of Nginx's cache.");
  out.sample(labels({{"what", "total"}}), static_cast<double>(saved.disk()->total));
  out.sample(labels({{"what", "free"}}), static_cast<double>(saved.disk()->free));
}

void write_nginx(const NginxState& nginx, Text& out) {
  out.family(Kind::gauge, "minschool_nginx_up", "Whether Nginx answers the monitor.");
  out.sample({}, nginx.up ? 1 : 0);
  const Connections connections = nginx.connections.value_or(Connections());
  out.family(Kind::gauge, "minschool_nginx_connections", "Connections of Nginx by what they do.");
  out.sample(labels({{"state", "reading"}}), static_cast<double>(connections.reading));
  out.sample(labels({{"state", "writing"}}), static_cast<double>(connections.writing));
  out.sample(labels({{"state", "waiting"}}), static_cast<double>(connections.waiting));
  if (!nginx.connections) return;  // without an answer of Nginx a counter must not fall to 0
  out.family(Kind::counter, "minschool_nginx_connections_accepted", "Connections that Nginx accepted.");
  out.sample({}, static_cast<double>(connections.accepted));
  out.family(Kind::counter, "minschool_nginx_connections_handled", "Connections that Nginx had room for.");
  out.sample({}, static_cast<double>(connections.handled));
}

}  // namespace

void write_metrics(const MonitorState& state, Text& out) {
  write_nginx(state.prober.nginx(), out);
  write_saved_pages(state.saved_pages, out);
  write_requests(state.traffic, out);
  write_servers(state.traffic, out);
  out.family(Kind::counter, "minschool_monitor_lines", "Lines of Nginx's log that were counted.");
  out.sample({}, static_cast<double>(state.lines));
  out.family(Kind::counter, "minschool_monitor_dropped", "What came instead of such lines, by what is wrong with it.");
  out.sample(labels({{"why", "malformed"}}), static_cast<double>(state.malformed));
  out.sample(labels({{"why", "too_long"}}), static_cast<double>(state.log.too_long()));
  out.sample(labels({{"why", "server"}}), static_cast<double>(state.traffic.untracked()));
}

}  // namespace ms::monitor
