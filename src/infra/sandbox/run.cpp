#include "infra/sandbox/run.hpp"

#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "infra/io/use_awaitable.hpp"

namespace ms::sandbox {
namespace {

constexpr std::size_t kMaxMessage = 500;
constexpr int kFirstOther = 3;  // the first descriptor that the process does not get

// Nothing of the program's own environment, which may hold secrets.
constexpr std::array kEnvironment{"PATH=/usr/bin", "HOME=/nonexistent", "LC_ALL=C.UTF-8", "MALLOC_ARENA_MAX=2"};

void check(int error, const char* what) {
  if (error != 0) throw std::system_error(error, std::system_category(), what);
}

int memory_file(const char* name) {
  const int file = ::memfd_create(name, MFD_CLOEXEC);
  check(file < 0 ? errno : 0, "memfd_create");
  return file;
}

class FileActions {
 public:
  FileActions(int input, int output, int messages) {
    check(::posix_spawn_file_actions_init(&actions_), "posix_spawn_file_actions_init");
    const std::array ends{input, output, messages};
    for (std::size_t i = 0; i < ends.size(); ++i) {
      check(::posix_spawn_file_actions_adddup2(&actions_, ends[i], static_cast<int>(i)), "adddup2");
    }
    check(::posix_spawn_file_actions_addclosefrom_np(&actions_, kFirstOther), "addclosefrom");
  }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

/// No signal is blocked or ignored in the new process.
class Attributes {
 public:
  Attributes() {
    check(::posix_spawnattr_init(&attributes_), "posix_spawnattr_init");
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  const posix_spawnattr_t* get() const noexcept { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

pid_t start(const std::string& program, std::vector<std::string>& arguments, const FileActions& files) {
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::vector<char*> environment;
  for (const char* entry : kEnvironment) environment.push_back(const_cast<char*>(entry));
  environment.push_back(nullptr);
  pid_t pid = -1;
  check(::posix_spawn(&pid, program.c_str(), files.get(), Attributes().get(), argv.data(), environment.data()),
        program.c_str());
  return pid;
}

/// A process that is killed and reaped at the latest when this goes.
class Process {
 public:
  explicit Process(pid_t pid) : pid_(pid) {}
  ~Process() {
    if (reaped_) return;
    kill();
    reap();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const noexcept { return pid_; }
  void kill() noexcept {
    killed_ = true;
    if (!reaped_) ::kill(pid_, SIGKILL);
  }
  bool killed() const noexcept { return killed_; }
  /// Its status and what it used, as of wait4(2). Blocks while it lives.
  std::pair<int, rusage> reap() noexcept {
    int status = 0;
    rusage used{};
    while (::wait4(pid_, &status, 0, &used) < 0 && errno == EINTR) {}
    reaped_ = true;
    return {status, used};
  }

 private:
  const pid_t pid_;
  bool reaped_ = false;
  bool killed_ = false;
};

int open_handle(pid_t pid) {
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  check(handle < 0 ? errno : 0, "pidfd_open");
  return handle;
}

/// Until it has ended. At the deadline it is killed.
async<void> wait_for_end(std::shared_ptr<Process> process, Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  // Its handle can be read from once the process has ended (pidfd_open(2)).
  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> handle(executor, open_handle(process->pid()));
  io::Timer timer(executor, deadline);
  timer.async_wait([process](const boost::system::error_code& error) {
    if (!error) process->kill();
  });
  co_await handle.async_wait(asio::posix::descriptor_base::wait_read, io::kAsTuple);
}

End end_of(int status, bool killed) {
  if (WIFEXITED(status)) return End::exited;
  switch (WTERMSIG(status)) {
    case SIGXCPU:
      return End::out_of_time;
    case SIGKILL:
      return killed ? End::out_of_time : End::crashed;
    case SIGXFSZ:
      return End::too_much_output;
    case SIGSYS:
      return End::forbidden_call;
    default:
      return End::crashed;
  }
}

std::chrono::milliseconds cpu_of(const rusage& used) {
  using namespace std::chrono;
  const auto length = [](const timeval& time) { return seconds(time.tv_sec) + microseconds(time.tv_usec); };
  return duration_cast<milliseconds>(length(used.ru_utime) + length(used.ru_stime));
}

}  // namespace

Output::Output(const File& file) {
  struct stat about{};
  if (::fstat(file.get(), &about) != 0 || about.st_size <= 0) return;
  const auto size = static_cast<std::size_t>(about.st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
  if (data == MAP_FAILED) return;
  data_ = static_cast<const char*>(data);
  size_ = size;
}

Output::~Output() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

Output::Output(Output&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Output& Output::operator=(Output&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

async<CompletedProcess> run(const Call& call, std::string program, std::vector<std::string> arguments,
                            const File& input, Limits limits) {
  const File output(memory_file("output"));
  const File messages(memory_file("messages"));
  const auto process =
      std::make_shared<Process>(start(program, arguments, FileActions(input.get(), output.get(), messages.get())));
  co_await wait_for_end(process, call.within(limits.wall));
  const auto [status, used] = process->reap();
  CompletedProcess out;
  out.end = end_of(status, process->killed());
  out.status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
  out.output = Output(output);
  out.message = std::string(Output(messages).bytes().substr(0, kMaxMessage));
  out.cpu = cpu_of(used);
  co_return out;
}

}  // namespace ms::sandbox
