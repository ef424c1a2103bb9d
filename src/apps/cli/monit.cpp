#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <iostream>

#include "apps/cli/command.hpp"
#include "apps/cli/monit_screen.hpp"
#include "features/servers/servers.hpp"
#include "infra/io/sleep.hpp"

// `minschool monit`: the Admin's page of servers in a terminal. It uses plain ANSI sequences on the alternate screen,
// so that the terminal's earlier content is restored however the program ends, except by SIGKILL.
namespace ms::cli {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kRows = 24;
constexpr std::size_t kColumns = 80;
constexpr auto kEvery = std::chrono::seconds(2);
constexpr auto kTimeout = std::chrono::milliseconds(1500);
constexpr auto kRedisTimeout = std::chrono::milliseconds(300);

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view kHome = "\x1b[H";
// Erases each line before it is written: after a line as wide as the screen, erasing would delete its last letter.
constexpr std::string_view kClearLine = "\x1b[2K";
constexpr std::string_view kClearBelow = "\x1b[J";

void put(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // the terminal is gone; SIGHUP follows
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// Puts the terminal on its alternate screen, without echo and line editing, until the destructor runs.
class Terminal {
 public:
  Terminal() {
    ::tcgetattr(STDIN_FILENO, &before_);
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);  // ISIG stays: Ctrl-C is SIGINT
    ::tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
    put(kEnter);
  }
  ~Terminal() {
    put(kLeave);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

 private:
  termios before_{};
};

std::pair<std::size_t, std::size_t> size() {
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_row == 0 || window.ws_col == 0)
    return {kRows, kColumns};
  return {window.ws_row, window.ws_col};
}

/// The objects of the command, in the order of their dependencies.
struct Monit {
  explicit Monit(const config::Settings& settings)
      : db(io, config_of(settings)),
        redis(io, config::redis_config(settings)),
        monitor(db, redis, settings.monitor.url),
        input(io),
        signals(io, SIGINT, SIGTERM, SIGHUP) {
    signals.add(SIGWINCH);
  }

  static pg::Config config_of(const config::Settings& settings) {
    pg::Config out = config::pg_config(settings);
    out.fast_connections = 1;
    out.slow_connections = 1;
    return out;
  }

  asio::io_context io{1};
  pg::Db db;
  redis::Client redis;
  servers::ServerMonitor monitor;
  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> input;
  asio::signal_set signals;
  std::shared_ptr<const servers::Overview> last;
  char key = 0;
};

async<void> sample(Monit* monit) {
  const Call call(steady_clock::now() + kTimeout, "monit");
  monit->last = co_await monit->monitor.read_overview(call);
}

async<void> connect(Monit* monit) {
  const auto start = steady_clock::now();
  co_await monit->redis.ready(start + kRedisTimeout);
  co_await monit->db.ready(start + kTimeout);
}

async<void> sample_once(Monit* monit) {
  co_await connect(monit);
  // The rates of totals need two samples, more than a second apart.
  co_await sample(monit);
  co_await sleep_for(std::chrono::milliseconds(1100));
  co_await sample(monit);
  monit->io.stop();
}

void draw(const Monit& monit) {
  if (!monit.last) return;
  const auto [rows, columns] = size();
  std::string out(kHome);
  // The last line is the footer.
  for (const std::string& line : monit_screen(*monit.last, rows - 1, columns)) {
    out.append(kClearLine).append(line).append("\n");
  }
  out.append(kClearLine).append("q quits").append(kClearBelow);
  put(out);
}

async<void> live(Monit* monit) {
  co_await connect(monit);
  while (true) {
    const auto start = steady_clock::now();
    co_await sample(monit);
    draw(*monit);
    co_await sleep_until(start + kEvery);
  }
}

void await_key(Monit& monit) {
  monit.input.async_read_some(asio::buffer(&monit.key, 1), [&monit](const auto& error, std::size_t) {
    if (error || monit.key == 'q' || monit.key == 'Q') return monit.io.stop();
    await_key(monit);
  });
}

void await_signal(Monit& monit) {
  monit.signals.async_wait([&monit](const auto& error, int signal) {
    if (error || signal != SIGWINCH) return monit.io.stop();
    put(kClearBelow);
    draw(monit);
    await_signal(monit);
  });
}

void print_once(const config::Settings& settings) {
  Monit monit(settings);
  asio::co_spawn(monit.io, sample_once(&monit), asio::detached);
  monit.io.run();
  for (const std::string& line : monit_screen(*monit.last, kRows, kColumns)) std::cout << line << '\n';
  if (!monit.last->postgres.up && !monit.last->redis.up) throw Failure("neither PostgreSQL nor Redis answers");
}

void show_live(const config::Settings& settings) {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) {
    throw Failure("monit needs a terminal; `minschool monit --once` does not", kUsage);
  }
  Monit monit(settings);
  // A copy, because asio makes the descriptor non-blocking and closes it.
  monit.input.assign(::dup(STDIN_FILENO));
  const int flags = ::fcntl(STDIN_FILENO, F_GETFL);
  {
    const Terminal terminal;
    await_key(monit);
    await_signal(monit);
    asio::co_spawn(monit.io, live(&monit), asio::detached);
    monit.io.run();
  }
  ::fcntl(STDIN_FILENO, F_SETFL, flags);
}

}  // namespace

void add_monit(CLI::App& app, const Options& options) {
  auto* monit =
      app.add_subcommand("monit", "Shows servers, Nginx, Redis and PostgreSQL live in the terminal (q quits)");
  const auto once = std::make_shared<bool>(false);
  monit->add_flag("--once", *once, "Prints one screen of 80 columns and ends, for scripts");
  monit->callback([&options, once] {
    spdlog::set_level(spdlog::level::off);  // the screen shows errors
    const auto settings = load_settings(options);
    if (*once) {
      print_once(settings);
    } else {
      show_live(settings);
    }
  });
}

}  // namespace ms::cli
