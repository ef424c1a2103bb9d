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

#include "apps/program/engine.hpp"
#include "infra/core/version.hpp"
#include "infra/io/sleep.hpp"
#include "infra/process/log.hpp"
#include "infra/process/process.hpp"
#include "infra/process/start_pages.hpp"

namespace ms::program {
namespace {

constexpr int kBadConfig = 78;                               // EX_CONFIG of sysexits.h
constexpr auto kPatience = std::chrono::milliseconds(2000);  // for PostgreSQL at start

/// Each connection and stream takes a descriptor: as many as the system lets us have. Streams that would leave a thread
/// too few for requests are given up, because without one a request is not even refused.
void fit_files(config::Settings& settings) {
  constexpr rlim_t kBesides = 1024;  // requests, PostgreSQL, Redis, libraries; of one thread
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const rlim_t threads = static_cast<rlim_t>(settings.server.threads);
  const rlim_t share = files.rlim_max / threads;
  const rlim_t streams = share - std::min(kBesides, share / 2);
  if (static_cast<rlim_t>(settings.live.streams) <= streams) return;
  spdlog::warn("only {} files may be open (LimitNOFILE): {} streams per thread instead of {}, which need {}",
               files.rlim_max, streams, settings.live.streams,
               threads * (static_cast<rlim_t>(settings.live.streams) + kBesides));
  settings.live.streams = static_cast<int>(streams);
}

async<void> start(Engine* engine, std::latch* started) {
  co_await engine->start(kPatience);
  started->count_down();
}

/// Tells the master that every thread goes on: each is asked once a second, and answers when its loop comes round to
/// it.
async<void> show_life(const std::vector<std::unique_ptr<Engine>>* engines, std::function<void()> alive) {
  constexpr std::chrono::seconds kEvery{1};
  bool just_started = true;
  const auto answers = std::make_shared<std::atomic<std::size_t>>(engines->size());
  while (true) {
    if (answers->load() == engines->size()) {
      alive();
      *answers = 0;
      for (const auto& engine : *engines) asio::post(engine->io(), [answers] { ++*answers; });
    }
    co_await sleep_for(kEvery);
    if (std::exchange(just_started, false)) process::give_back_start_pages();
  }
}

/// A worker's life: one engine per thread on the same listening socket, until SIGTERM or SIGINT.
int work(const About& about, config::Settings settings) {
  if (about.program == config::Program::site) fit_files(settings);  // who has streams
  const process::Worker worker = process::worker();
  auto hashing =
      std::make_unique<CpuPool>(settings.login.hash_threads, static_cast<std::size_t>(settings.login.hash_queue));
  Telemetry telemetry(about.name, settings.server.name, *hashing);
  asio::io_context control{1};
  asio::signal_set stop(control, SIGTERM, SIGINT);

  std::vector<std::unique_ptr<Engine>> engines;
  std::latch started(settings.server.threads);
  std::vector<std::jthread> threads;
  for (int i = 0; i < settings.server.threads; ++i) {
    engines.push_back(
        std::make_unique<Engine>(settings, about.realm, *hashing, telemetry, i, about.make, worker.listen_fd));
  }
  // Every engine has its own copy, which its drain closes: a worker whose master died must not keep the address taken.
  ::close(worker.listen_fd);
  for (const auto& engine : engines) {
    asio::co_spawn(engine->io(), start(engine.get(), &started), asio::detached);
    threads.emplace_back([&io = engine->io()] { io.run(); });
  }
  started.wait();
  worker.ready();
  asio::co_spawn(control, show_life(&engines, worker.alive), asio::detached);
  stop.async_wait([&](const boost::system::error_code&, int) {
    const auto limit = std::chrono::seconds(settings.server.stop_seconds);
    for (const auto& engine : engines) {
      asio::post(engine->io(),
                 [&engine, limit] { asio::co_spawn(engine->io(), engine->drain(limit), asio::detached); });
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
  CLI::App command(std::string(about.name) + ": serves MinSchool (see docs/operating.md)", about.name);
  std::string path;
  command.add_option("--config", path, "TOML file; without it only MINSCHOOL_… of the environment counts");
  command.set_version_flag("--version", version());
  CLI11_PARSE(command, argc, argv);

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
