// The cost of checking one password by itself, as the programs do it: prints the microseconds of CPU of each round.
#include <fmt/format.h>
#include <time.h>

#include "features/members/password.hpp"
#include "infra/core/secret.hpp"

namespace {

using namespace ms;

constexpr int kRounds = 40;
constexpr auto kTime = std::chrono::seconds(60);

double cpu_us() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

async<void> rounds(members::Passwords* passwords) {
  const Call call(std::chrono::steady_clock::now() + kTime, "bench");
  for (int round = 0; round < kRounds; ++round) {
    const double begun = cpu_us();
    const auto hash = co_await passwords->hash_new(call, "bench");
    if (!hash) throw std::runtime_error("the hash took too long");
    fmt::print("{:.1f}\n", cpu_us() - begun);
  }
}

}  // namespace

int main() {
  secret::random_text(1);  // as in the programs, libsodium has detected the processor's features
  asio::io_context io{1};
  CpuPool pool(1, 4);
  members::Passwords passwords(pool);
  const auto work = asio::make_work_guard(io);
  std::exception_ptr failure;
  asio::co_spawn(io, rounds(&passwords), [&](const std::exception_ptr& thrown) {
    failure = thrown;
    io.stop();
  });
  io.run();
  if (failure) std::rethrow_exception(failure);
}
