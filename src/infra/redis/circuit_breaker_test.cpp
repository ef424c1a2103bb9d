#include "infra/redis/circuit_breaker.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace ms::redis {
namespace {

using std::chrono::milliseconds;
using enum CircuitBreaker::State;

struct Step {
  enum Event { answer, failure, loss, probe, probe_good, probe_bad } event;
  int at;  // ms
  CircuitBreaker::State then;
  int since;     // ms
  int probe_at;  // ms
};

void play(const std::vector<Step>& steps) {
  const Deadline zero{};
  const auto ms = [zero](Deadline at) { return std::chrono::duration_cast<milliseconds>(at - zero).count(); };
  CircuitBreaker breaker(3, milliseconds(500), zero);
  EXPECT_EQ(breaker.state(), open);
  EXPECT_EQ(ms(breaker.probe_at()), 0);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto& step = steps[i];
    const Deadline now = zero + milliseconds(step.at);
    switch (step.event) {
      case Step::answer:
        breaker.answered();
        break;
      case Step::failure:
        breaker.failed(now);
        break;
      case Step::loss:
        breaker.lost(now);
        break;
      case Step::probe:
        breaker.probe_began(now);
        break;
      case Step::probe_good:
        breaker.probe_succeeded(now);
        break;
      case Step::probe_bad:
        breaker.probe_failed();
        break;
    }
    EXPECT_EQ(breaker.state(), step.then) << "step " << i;
    EXPECT_EQ(ms(breaker.since()), step.since) << "step " << i;
    EXPECT_EQ(ms(breaker.probe_at()), step.probe_at) << "step " << i;
  }
}

TEST(CircuitBreaker, ClosesAfterAGoodProbeAndStaysOpenAfterABadOne) {
  play({{Step::probe, 0, half_open, 0, 500},
        {Step::probe_bad, 10, open, 0, 500},
        {Step::probe, 500, half_open, 0, 1000},
        {Step::probe_good, 510, closed, 510, 1000}});
}

TEST(CircuitBreaker, OnlyFailuresInARowOpenIt) {
  play({{Step::probe, 0, half_open, 0, 500},
        {Step::probe_good, 1, closed, 1, 500},
        {Step::failure, 2, closed, 1, 500},
        {Step::failure, 3, closed, 1, 500},
        {Step::answer, 4, closed, 1, 500},
        {Step::failure, 5, closed, 1, 500},
        {Step::failure, 6, closed, 1, 500},
        {Step::failure, 7, open, 7, 500}});
}

TEST(CircuitBreaker, ALossOpensItAtOnceAndCountsOnce) {
  play({{Step::probe, 0, half_open, 0, 500},
        {Step::probe_good, 1, closed, 1, 500},
        {Step::loss, 9000, open, 9000, 500},  // the probe is due: it follows at once
        {Step::loss, 9001, open, 9000, 500},
        {Step::failure, 9002, open, 9000, 500},
        {Step::probe, 9003, half_open, 9000, 9503},
        {Step::loss, 9004, half_open, 9000, 9503}});
}

TEST(CircuitBreaker, ReportsWhichFailureOpenedIt) {
  CircuitBreaker breaker(2, milliseconds(500), Deadline{});
  breaker.probe_began(Deadline{});
  breaker.probe_succeeded(Deadline{});
  EXPECT_FALSE(breaker.failed(Deadline{}));
  EXPECT_TRUE(breaker.failed(Deadline{}));
  EXPECT_FALSE(breaker.failed(Deadline{}));
  EXPECT_FALSE(breaker.lost(Deadline{}));
}

}  // namespace
}  // namespace ms::redis
