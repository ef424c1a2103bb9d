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

namespace ms::program {
namespace {

constexpr int kBadConfig = 78;       // EX_CONFIG of sysexits.h
constexpr int kCannotTakeOver = 75;  // EX_TEMPFAIL
// For what the worker before can use; less than the 10 s after which its master gives a new one up.
constexpr auto kPatience = std::chrono::seconds(8);

/// Each connection and stream takes a descriptor: as many as the system lets us have. What would leave a thread too few
/// for the rest is given up: streams for requests, because without a descriptor a request is not even refused, and
/// connections for PostgreSQL, Redis and libraries.
void apply_fd_limit(config::Settings& settings, bool has_streams) {
  constexpr rlim_t kRequests = 1000;  // of one thread
  constexpr rlim_t kBesides = 24;     // the same: PostgreSQL, Redis, libraries
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const rlim_t threads = static_cast<rlim_t>(settings.server.threads);
  const rlim_t share = files.rlim_max / threads;
  const rlim_t room = share - std::min(kBesides, share / 2);
  const auto fit = [&](std::string_view what, int& wanted, rlim_t most, int enough) {
    if (static_cast<rlim_t>(wanted) <= most) return;
    if (most < static_cast<rlim_t>(enough))
      spdlog::warn("only {} files may be open (LimitNOFILE): {} {} per thread instead of {}", files.rlim_max, most,
                   what, wanted);
    wanted = static_cast<int>(most);
  };
  if (has_streams) fit("streams", settings.live.streams, room - std::min(kRequests, room / 2), settings.live.streams);
  const rlim_t left = room - (has_streams ? static_cast<rlim_t>(settings.live.streams) : 0);
  fit("connections", settings.http.connections, left, settings.http.in_flight);
}

/// What all threads of a worker have reached.
struct Reached {
  explicit Reached(int threads) : count(threads) {}
  std::latch count;
  std::atomic<process::Parts> usable{process::kMaxParts};
};

async<void> reach(WorkerThread* worker_thread, process::Parts expected, Deadline deadline, Reached* reached) {
  reached->usable &= co_await worker_thread->reach(expected, deadline);
  reached->count.count_down();
}

/// Tells the master that every thread goes on: each is asked once a second, and answers when its loop comes round to
/// it.
async<void> send_heartbeats(const std::vector<std::unique_ptr<WorkerThread>>* worker_threads, process::Parts usable,
                            std::function<void(process::Parts)> alive) {
  constexpr std::chrono::seconds kEvery{1};
  /// Of the threads that came round since the last time.
  struct Answers {
    std::atomic<std::size_t> count;
    std::atomic<process::Parts> usable;
  };
  bool just_started = true;
  const auto answers = std::make_shared<Answers>(worker_threads->size(), usable);
  while (true) {
    if (answers->count == worker_threads->size()) {
      alive(answers->usable);
      answers->usable = process::kMaxParts;
      answers->count = 0;
      for (const auto& worker_thread : *worker_threads) {
        asio::post(worker_thread->io(), [answers, &worker_thread] {
          answers->usable &= worker_thread->usable();
          ++answers->count;
        });
      }
    }
    co_await sleep_for(kEvery);
    if (std::exchange(just_started, false)) process::release_startup_pages();
  }
}

/// A worker's life: one engine per thread on the same listening socket, until SIGTERM or SIGINT.
int work(const About& about, config::Settings settings) {
  apply_fd_limit(settings, about.program == config::Program::site);
  const process::Worker worker = process::worker();
  auto hashing =
      std::make_unique<CpuPool>(settings.login.hash_threads, static_cast<std::size_t>(settings.login.hash_queue));
  Telemetry telemetry(about.name, settings.server.name, *hashing);
  asio::io_context control{1};
  asio::signal_set stop(control, SIGTERM, SIGINT);

  std::vector<std::unique_ptr<WorkerThread>> worker_threads;
  Reached reached(settings.server.threads);
  const Deadline deadline = std::chrono::steady_clock::now() + kPatience;
  std::vector<std::jthread> threads;
  for (int i = 0; i < settings.server.threads; ++i) {
    worker_threads.push_back(
        std::make_unique<WorkerThread>(settings, about.program, *hashing, telemetry, i, about.make, worker.listen_fd));
  }
  // Every engine has its own copy, which its drain closes: a worker whose master died must not keep the address taken.
  ::close(worker.listen_fd);
  for (const auto& worker_thread : worker_threads) {
    asio::co_spawn(worker_thread->io(), reach(worker_thread.get(), worker.expected, deadline, &reached),
                   asio::detached);
    threads.emplace_back([&io = worker_thread->io()] { io.run(); });
  }
  reached.count.wait();
  const process::Parts usable = reached.usable;
  if ((worker.expected & ~usable) != 0) {
    for (const auto& worker_thread : worker_threads) worker_thread->io().stop();
    threads.clear();
    for (const auto& worker_thread : worker_threads) {
      if (const auto why = worker_thread->missing(usable); !why.empty()) spdlog::error("cannot take over: {}", why);
    }
    return kCannotTakeOver;
  }
  for (const auto& worker_thread : worker_threads) {
    asio::post(worker_thread->io(), [&worker_thread, usable, said = worker_thread == worker_threads.front()] {
      const auto why = worker_thread->missing(usable);
      if (said && !why.empty()) spdlog::warn("starting without {}", why);
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
    control.stop();  // the master waits for our end now, not for signs of life
  });
  control.run();
  threads.clear();  // joins
  hashing.reset();  // before the io_contexts that its results go to
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
  if (process::is_worker()) return work(about, std::move(*settings));
  process::Options options;
  options.name = about.name;
  options.address = settings->server.address;
  options.port = settings->server.port;
  options.arguments.assign(argv, argv + argc);
  options.stop_seconds = settings->server.stop_seconds + 2;  // the worker bounds itself; this is for one that hangs
  return process::run_master(options);
}

}  // namespace ms::program
