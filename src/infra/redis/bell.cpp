#include "infra/redis/bell.hpp"

#include <boost/asio/as_tuple.hpp>
#include <utility>

namespace ms::redis {

// Lives in the frame of the waiting coroutine.
struct Bell::Waiting {
  Waiting(std::shared_ptr<Bell> to, Deadline deadline) : bell(std::move(to)), timer(bell->io_, deadline) {
    bell->waiting_.push_back(this);
  }
  ~Waiting() { std::erase(bell->waiting_, this); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  std::shared_ptr<Bell> bell;
  Timer timer;
  bool rung = false;
};

async<bool> Bell::wait(std::shared_ptr<Bell> bell, Deadline deadline) {
  Waiting waiting(std::move(bell), deadline);
  co_await waiting.timer.async_wait(asio::as_tuple(kUseAsync));
  co_return waiting.rung;
}

void Bell::ring_all() {
  for (Waiting* waiting : std::exchange(waiting_, {})) {
    waiting->rung = true;
    waiting->timer.cancel();
  }
}

void Bell::ring_one() {
  if (waiting_.empty()) return;
  Waiting* first = waiting_.front();
  waiting_.erase(waiting_.begin());
  first->rung = true;
  first->timer.cancel();
}

}  // namespace ms::redis
