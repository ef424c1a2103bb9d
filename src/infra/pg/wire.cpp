#include "infra/pg/wire.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <system_error>

#include "infra/core/text.hpp"
#include "infra/io/use_awaitable.hpp"
#include "infra/pg/hosts.hpp"

namespace ms::pg {
namespace {

constexpr std::chrono::milliseconds kConnectLimitPerHost{2000};
/// Shorter than kConnectLimitPerHost: libpq goes on to the next host only when the kernel gives this one up.
constexpr const char* kTcpUserTimeoutMs = "1500";
/// Settings of each session that let the server notice a client that is gone without a FIN (its machine lost power, or
/// the network): probes of an idle connection, a limit for unacknowledged answers, and checks of the socket during long
/// statements (PostgreSQL manual 20.3.2, 20.11). Otherwise the kernel's two hours hold, and
/// each loss leaves connections behind until max_connections is reached. A Unix socket ignores the first four.
constexpr const char* kServerNotices =
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c tcp_user_timeout=10s "
    "-c client_connection_check_interval=5s";

void log_notice(void*, const char* text) { spdlog::info("PostgreSQL: {}", trim(text)); }

PGconn* call_with(const std::map<std::string, std::string, std::less<>>& values,
                  PGconn* (*function)(const char* const*, const char* const*, int)) {
  std::vector<const char*> keywords;
  std::vector<const char*> texts;
  for (const auto& [keyword, text] : values) {
    keywords.push_back(keyword.c_str());
    texts.push_back(text.c_str());
  }
  keywords.push_back(nullptr);
  texts.push_back(nullptr);
  PGconn* connection = function(keywords.data(), texts.data(), 0);
  if (connection == nullptr) throw std::bad_alloc();
  PQsetNoticeProcessor(connection, log_notice, nullptr);
  return connection;
}

}  // namespace

std::string last_error(const PGconn* connection) {
  std::string text(trim(PQerrorMessage(connection)));
  std::erase(text, '\t');
  std::ranges::replace(text, '\n', ' ');
  return text.empty() ? "the connection is closed" : text;
}

Parameters::Parameters(const std::string& conninfo, std::string_view application_name) {
  // The operator's own settings in conninfo take precedence.
  values_["application_name"] = application_name;
  values_["keepalives_idle"] = "10";
  values_["keepalives_interval"] = "3";
  values_["keepalives_count"] = "3";
  values_["tcp_user_timeout"] = kTcpUserTimeoutMs;
  char* message = nullptr;
  PQconninfoOption* options = PQconninfoParse(conninfo.c_str(), &message);
  if (options == nullptr) {
    const std::string why = message == nullptr ? "out of memory" : std::string(trim(message));
    PQfreemem(message);
    throw std::invalid_argument("PostgreSQL conninfo: " + why);
  }
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (option->val != nullptr) set(option->keyword, option->val);
  }
  PQconninfoFree(options);
  set("client_encoding", "UTF8");
  const std::string own = get("options");
  set("options", own.empty() ? kServerNotices : kServerNotices + (" " + own));  // the operator's come last and win
}

void Parameters::add_setting(std::string_view name, std::string_view value) {
  std::string& options = values_["options"];
  options.append(" -c ").append(name).append("=").append(value);
}

std::string Parameters::get(std::string_view keyword) const {
  const auto found = values_.find(keyword);
  return found == values_.end() ? std::string() : found->second;
}

std::chrono::milliseconds Parameters::connect_limit() const {
  const std::string hosts = get(values_.contains("host") ? "host" : "hostaddr");
  return kConnectLimitPerHost * (1 + std::count(hosts.begin(), hosts.end(), ','));
}

ConnectionPtr Parameters::start() const { return ConnectionPtr(call_with(values_, PQconnectStartParams)); }
ConnectionPtr Parameters::connect_blocking() const { return ConnectionPtr(call_with(values_, PQconnectdbParams)); }

void Wire::watch() {
  boost::system::error_code ignored;
  descriptor_.close(ignored);
  const int copy = fcntl(PQsocket(connection_.get()), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) throw std::system_error(errno, std::generic_category(), "cannot duplicate the PostgreSQL socket");
  descriptor_.assign(copy);
}

async<bool> Wire::wait(std::shared_ptr<Wire> self, Event event, Deadline until) {
  if (until == Deadline::max()) {
    const auto [error] = co_await self->descriptor_.async_wait(type_of(event), io::kAsTuple);
    co_return !error && !self->closed_;
  }
  self->timer_.expires_at(until);
  // An expiry that was already queued when the socket became ready must not cancel the next wait: by then the timer
  // has another time.
  self->timer_.async_wait([self](const boost::system::error_code& error) {
    if (!error && self->timer_.expiry() <= std::chrono::steady_clock::now()) {
      boost::system::error_code ignored;
      self->descriptor_.cancel(ignored);
    }
  });
  const auto [error] = co_await self->descriptor_.async_wait(type_of(event), io::kAsTuple);
  self->timer_.expires_at(Deadline::max());
  co_return !error && !self->closed_;
}

async<void> Wire::connect(std::shared_ptr<Wire> self, std::shared_ptr<Resolver> resolver, Parameters given) {
  const Deadline found_by = std::chrono::steady_clock::now() + given.connect_limit();
  const Parameters parameters = co_await with_addresses(*resolver, std::move(given), found_by);
  if (self->closed_) throw std::runtime_error("closed while connecting");
  const Deadline limit = std::chrono::steady_clock::now() + parameters.connect_limit();
  self->connection_ = parameters.start();
  if (PQstatus(self->get()) == CONNECTION_BAD) throw std::runtime_error(last_error(self->get()));
  PostgresPollingStatusType next = PGRES_POLLING_WRITING;  // as the manual says for the first round
  while (next != PGRES_POLLING_OK) {
    if (next == PGRES_POLLING_FAILED) throw std::runtime_error(last_error(self->get()));
    self->watch();  // again each time: libpq may have gone on to another address with the same descriptor number
    const Event event = next == PGRES_POLLING_READING ? Event::readable : Event::writable;
    const bool ready = co_await wait(self, event, limit);
    if (self->closed_) throw std::runtime_error("closed while connecting");
    if (!ready) throw std::runtime_error("PostgreSQL did not answer while connecting");
    next = PQconnectPoll(self->get());
  }
  if (PQsetnonblocking(self->get(), 1) != 0) throw std::runtime_error(last_error(self->get()));
  self->watch();
}

void Wire::close() {
  closed_ = true;
  boost::system::error_code ignored;
  descriptor_.close(ignored);
  timer_.cancel();
  connection_.reset();
}

}  // namespace ms::pg
