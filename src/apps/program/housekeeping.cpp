#include "apps/program/housekeeping.hpp"

#include <spdlog/spdlog.h>

#include "infra/io/sleep.hpp"
#include "infra/pg/db.hpp"

namespace ms::program {
namespace {

using std::chrono::steady_clock;

// Not at once: who has just started has visitors to serve.
constexpr auto kFirst = std::chrono::seconds(5);
constexpr auto kEvery = std::chrono::minutes(10);
constexpr auto kChoreTime = std::chrono::seconds(10);

}  // namespace

void Housekeeping::add(std::string_view name, Chore chore) {
  auto& failures = shard_.counter("minschool_housekeeping_failures", "Chores of housekeeping that failed.",
                                  metrics::labels({{"chore", name}}));
  chores_.push_back({std::string(name), std::move(chore), &failures});
}

async<void> Housekeeping::carry_out(const Named& named) {
  const Call call(steady_clock::now() + kChoreTime, "housekeeping");
  try {
    bool left = true;
    while (left && steady_clock::now() < call.deadline()) left = co_await named.chore(call);
  } catch (const pg::Unavailable&) {
    // another time, or another server
  } catch (const std::exception& bug) {
    named.failures->add();
    spdlog::error("housekeeping: {}: {}", named.name, bug.what());
  }
}

async<void> Housekeeping::all() {
  for (const Named& named : chores_) co_await carry_out(named);
}

async<void> Housekeeping::run() {
  co_await sleep_for(kFirst);
  while (true) {
    co_await all();
    co_await sleep_for(kEvery);
  }
}

}  // namespace ms::program
