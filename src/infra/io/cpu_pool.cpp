#include "infra/io/cpu_pool.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace ms {
namespace {

constexpr int kNice = 10;  // of -20..19 (setpriority(2); on Linux per thread)

}  // namespace

CpuPool::CpuPool(int threads, std::size_t queue_limit, Priority priority) : queue_limit_(queue_limit) {
  threads_.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) threads_.emplace_back(&CpuPool::thread_main, this, priority);
}

CpuPool::~CpuPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool CpuPool::submit(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= queue_limit_) {
      // Jobs whose callers have given up must not keep others out.
      const auto now = std::chrono::steady_clock::now();
      std::erase_if(queue_, [now](const Task& waiting) { return waiting.deadline <= now; });
    }
    if (queue_.size() >= queue_limit_) return false;
    queue_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

std::size_t CpuPool::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

void CpuPool::thread_main(Priority priority) {
  if (priority == Priority::low) ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
  ::prctl(PR_SET_NAME, "cpu-pool");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    Task task = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    if (std::chrono::steady_clock::now() < task.deadline) task.work();
    task.work = nullptr;  // the job's captures may be large and nobody needs them any more
    lock.lock();
  }
}

}  // namespace ms
