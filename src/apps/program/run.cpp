#include "apps/program/run.hpp"

#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <boost/asio/signal_set.hpp>
#include <iostream>
#include <latch>
#include <thread>
#include <utility>

#include "apps/arguments/arguments.hpp"
#include "apps/program/worker_thread.hpp"
#include "infra/core/version.hpp"
#include "infra/io/sleep.hpp"
#include "infra/process/environment.hpp"
#include "infra/process/log.hpp"
#include "infra/process/process.hpp"
#include "infra/process/startup_pages.hpp"
#include "infra/storage/open.hpp"

namespace ms::program {
namespace {

constexpr int kBadConfig = 78;       // EX_CONFIG of sysexits.h
constexpr int kCannotTakeOver = 75;  // EX_TEMPFAIL
// How long a start waits for what the previous worker can use. Less than the 10 s after which the master gives up.
constexpr auto kConnectTimeout = std::chrono::seconds(8);

constexpr std::size_t kStorageQueue = 256;  // calls that may wait for a thread

/// Each connection and each stream takes a file descriptor: as many are allowed as the system permits. When too few are
/// left for a thread's other files, streams are reduced in favour of requests (without a descriptor a request cannot
/// even be refused), and connections in favour of PostgreSQL, Redis and libraries.
void apply_fd_limit(config::Settings& settings, bool has_streams) {
  constexpr rlim_t kRequests = 1000;  // of one thread
  constexpr rlim_t kReserved = 24;    // of one thread: PostgreSQL, Redis, libraries
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const rlim_t threads = static_cast<rlim_t>(settings.server.threads);
  const rlim_t share = files.rlim_max / threads;
  const rlim_t room = share - std::min(kReserved, share / 2);
  const auto limit = [&](std::string_view what, int& wanted, rlim_t max, int min) {
    if (static_cast<rlim_t>(wanted) <= max) return;
    if (max < static_cast<rlim_t>(min))
      spdlog::warn("only {} files may be open (LimitNOFILE): {} {} per thread instead of {}", files.rlim_max, max, what,
                   wanted);
    wanted = static_cast<int>(max);
  };
  if (has_streams) limit("streams", settings.live.streams, room - std::min(kRequests, room / 2), settings.live.streams);
  const rlim_t left = room - (has_streams ? static_cast<rlim_t>(settings.live.streams) : 0);
  limit("connections", settings.http.connections, left, settings.http.in_flight);
}

/// What all threads of a worker could connect to.
struct Connections {
  explicit Connections(int threads) : count(threads) {}
  std::latch count;
  std::atomic<process::Dependencies> usable{process::kAllDependencies};
};

async<void> connect(WorkerThread* worker_thread, process::Dependencies expected, Deadline deadline,
                    Connections* connected) {
  connected->usable &= co_await worker_thread->connect(expected, deadline);
  connected->count.count_down();
}

/// Reports to the master that every thread makes progress. Each thread gets a task once a second and answers when its
/// event loop reaches it.
async<void> send_heartbeats(const std::vector<std::unique_ptr<WorkerThread>>* worker_threads,
                            process::Dependencies usable, std::function<void(process::Dependencies)> alive) {
  constexpr std::chrono::seconds kPeriod{1};
  /// Threads that answered since the last heartbeat.
  struct Answers {
    std::atomic<std::size_t> count;
    std::atomic<process::Dependencies> usable;
  };
  bool just_started = true;
  const auto answers = std::make_shared<Answers>(worker_threads->size(), usable);
  while (true) {
    if (answers->count == worker_threads->size()) {
      alive(answers->usable);
      answers->usable = process::kAllDependencies;
      answers->count = 0;
      for (const auto& worker_thread : *worker_threads) {
        asio::post(worker_thread->io(), [answers, &worker_thread] {
          answers->usable &= worker_thread->usable();
          ++answers->count;
        });
      }
    }
    co_await sleep_for(kPeriod);
    if (std::exchange(just_started, false)) process::release_startup_pages();
  }
}

/// Runs a worker: worker threads on one listening socket, until SIGTERM or SIGINT.
int run_worker(const About& about, config::Settings settings) {
  apply_fd_limit(settings, about.program == config::Program::site);
  const process::Worker worker = process::worker();
  auto hashing =
      std::make_unique<CpuPool>(settings.login.hash_threads, static_cast<std::size_t>(settings.login.hash_queue));
  const auto store = storage::open_store(config::storage_config(settings));
  auto storing = std::make_unique<CpuPool>(settings.storage.threads, kStorageQueue);
  storage::AsyncStore async_store(*store, *storing);
  const Shared shared{*hashing, async_store};
  Telemetry telemetry(about.name, settings.server.name, shared);
  asio::io_context control{1};
  asio::signal_set stop(control, SIGTERM, SIGINT);

  std::vector<std::unique_ptr<WorkerThread>> worker_threads;
  Connections connected(settings.server.threads);
  const Deadline deadline = std::chrono::steady_clock::now() + kConnectTimeout;
  std::vector<std::jthread> threads;
  for (int i = 0; i < settings.server.threads; ++i) {
    worker_threads.push_back(
        std::make_unique<WorkerThread>(settings, about.program, shared, telemetry, i, about.make, worker.listen_fd));
  }
  // Every worker thread has its own copy and closes it when it drains: a worker whose master died must free the
  // address.
  ::close(worker.listen_fd);
  for (const auto& worker_thread : worker_threads) {
    asio::co_spawn(worker_thread->io(), connect(worker_thread.get(), worker.expected, deadline, &connected),
                   asio::detached);
    threads.emplace_back([&io = worker_thread->io()] { io.run(); });
  }
  connected.count.wait();
  const process::Dependencies usable = connected.usable;
  if ((worker.expected & ~usable) != 0) {
    for (const auto& worker_thread : worker_threads) worker_thread->io().stop();
    threads.clear();
    for (const auto& worker_thread : worker_threads) {
      if (const auto why = worker_thread->missing(usable); !why.empty()) spdlog::error("cannot take over: {}", why);
    }
    return kCannotTakeOver;
  }
  for (const auto& worker_thread : worker_threads) {
    asio::post(worker_thread->io(), [&worker_thread, usable, logs = worker_thread == worker_threads.front()] {
      const auto why = worker_thread->missing(usable);
      if (logs && !why.empty()) spdlog::warn("starting without {}", why);
      worker_thread->start();
    });
  }
  worker.ready(usable);
  asio::co_spawn(control, send_heartbeats(&worker_threads, usable, worker.alive), asio::detached);
  stop.async_wait([&](const boost::system::error_code&, int) {
    const auto limit = std::chrono::seconds(settings.server.stop_seconds);
    for (const auto& worker_thread : worker_threads) {
      asio::post(worker_thread->io(), [&worker_thread, limit] {
        asio::co_spawn(worker_thread->io(), worker_thread->drain(limit), asio::detached);
      });
    }
    control.stop();  // from now on the master waits for the exit, not for heartbeats
  });
  control.run();
  threads.clear();  // joins
  hashing.reset();  // before the io_contexts that receive their results
  storing.reset();
  return 0;
}

}  // namespace

int run(const About& about, int argc, char** argv) {
  process::pin_environment();
  CLI::App command(std::string(about.name) + ": serves MinSchool (see docs/operating.md)", about.name);
  std::string path;
  command.add_option("--config", path, "TOML file; without it only MINSCHOOL_… of the environment counts");
  command.set_version_flag("--version", version());
  if (const auto over = arguments::parse(command, argc, argv)) return *over;

  auto settings = config::load(about.program, path);
  if (!settings) {
    std::cerr << about.name << ": " << settings.error() << '\n';
    return kBadConfig;
  }
  process::start_log(std::string(about.name), settings->log.level, settings->log.to_stdout);
  if (process::is_worker()) return run_worker(about, std::move(*settings));
  process::Options options;
  options.name = about.name;
  options.address = settings->server.address;
  options.port = settings->server.port;
  options.arguments.assign(argv, argv + argc);
  options.stop_seconds = settings->server.stop_seconds + 2;  // the worker limits itself; this is for one that hangs
  return process::run_master(options);
}

}  // namespace ms::program
