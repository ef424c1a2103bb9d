#include "apps/cli/tool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "apps/cli/command.hpp"
#include "infra/core/text.hpp"

namespace ms::cli {
namespace {

constexpr std::size_t kMaxOutput = 64 * 1024;  // of a program's errors, which may be endless
constexpr const char* kTimeoutSeconds = "5";   // after which output_of ends a program

/// The reader of a pipe has exited; its own error message explains more.
class BrokenPipe : public Failure {
 public:
  BrokenPipe() : Failure("the reader of a pipe has left") {}
};

/// The line that names an error, else the last one.
std::string_view reason_in(std::string_view output) {
  output = trim(output);
  const auto named = output.find("rror:");
  const auto before = output.rfind('\n', named);
  const auto line = output.substr(before == std::string_view::npos ? 0 : before + 1);
  return line.substr(0, line.find('\n'));
}

/// A running program; the destructor waits for it, too.
class Process {
 public:
  explicit Process(const Tool& tool) : name_(tool.words.front()) {
    const File nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, tool.in >= 0 ? tool.in : nothing.get(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, tool.out >= 0 ? tool.out : nothing.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output_.get(), STDERR_FILENO);
    if (!tool.folder.empty()) ::posix_spawn_file_actions_addchdir_np(&actions, tool.folder.c_str());
    std::vector<char*> words;
    for (const auto& word : tool.words) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    const std::vector<std::string> variables = environment(tool);
    std::vector<char*> pointers;
    for (const auto& variable : variables) pointers.push_back(const_cast<char*>(variable.c_str()));
    pointers.push_back(nullptr);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    sigset_t pipe_signal;
    ::sigemptyset(&pipe_signal);
    ::sigaddset(&pipe_signal, SIGPIPE);
    ::posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    const int failed = ::posix_spawnp(&pid_, words[0], &actions, &attributes, words.data(), pointers.data());
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw Failure(fmt::format("{} cannot be started: {}", name_, std::strerror(failed)));
  }
  ~Process() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void finish() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
    pid_ = -1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    std::string output(kMaxOutput, '\0');
    ::lseek(output_.get(), 0, SEEK_SET);
    output.resize(read_up_to(output_.get(), output.data(), output.size()));
    throw Failure(fmt::format("{} failed: {}", name_, reason_in(output)));
  }

 private:
  static std::vector<std::string> environment(const Tool& tool) {
    std::vector<std::string> out;
    for (char** one = environ; *one != nullptr; ++one) {
      const std::string_view variable = *one;
      if (!tool.environment.contains(std::string(variable.substr(0, variable.find('='))))) out.emplace_back(variable);
    }
    for (const auto& [name, value] : tool.environment) out.push_back(name + "=" + value);
    return out;
  }

  std::string name_;
  File output_{::memfd_create("output", MFD_CLOEXEC)};  // a file, so that a program with much output never blocks
  pid_t pid_ = -1;
};

/// Runs `tool` with `child_end` in place while `use` has the other end.
void run_piped(const Tool& tool, File& child_end, File& own_end, const std::function<void(int)>& use) {
  Process process(tool);
  child_end.close();
  bool broken = false;
  try {
    use(own_end.get());
  } catch (const BrokenPipe&) { broken = true; }
  own_end.close();
  process.finish();
  if (broken) throw Failure(fmt::format("{} did not read to the end", tool.words.front()));
}

std::array<int, 2> open_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw Failure(fmt::format("no pipe: {}", std::strerror(errno)));
  return ends;
}

}  // namespace

void run(const Tool& tool) { Process(tool).finish(); }

void run_fed(Tool tool, const std::function<void(int)>& feed) {
  const auto [read_end, write_end] = open_pipe();
  File in(read_end);
  File own(write_end);
  tool.in = in.get();
  run_piped(tool, in, own, feed);
}

void run_drained(Tool tool, const std::function<void(int)>& drain) {
  const auto [read_end, write_end] = open_pipe();
  File out(write_end);
  File own(read_end);
  tool.out = out.get();
  run_piped(tool, out, own, drain);
}

Output output_of(std::vector<std::string> words) {
  std::vector<std::string> all{"sh", "-c", "exec timeout \"$0\" \"$@\" 2>&1", kTimeoutSeconds};
  all.insert(all.end(), words.begin(), words.end());
  Output out;
  try {
    run_drained({std::move(all)}, [&out](int pipe) {
      std::array<char, 4096> buffer{};
      while (const std::size_t count = read_up_to(pipe, buffer.data(), buffer.size())) {
        if (out.text.size() < kMaxOutput) out.text.append(buffer.data(), count);
      }
    });
    out.good = true;
  } catch (const Failure&) { out.good = false; }
  out.text = std::string(trim(out.text));
  return out;
}

std::size_t read_up_to(int file, char* bytes, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count = ::read(file, bytes + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Failure(fmt::format("reading failed: {}", std::strerror(errno)));
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

void write_all(int file, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t count = ::write(file, bytes, size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EPIPE) throw BrokenPipe();
    if (count < 0) throw Failure(fmt::format("writing failed: {}", std::strerror(errno)));
    bytes += count;
    size -= static_cast<std::size_t>(count);
  }
}

bool offer(int pipe, const char* bytes, std::size_t size) {
  try {
    write_all(pipe, bytes, size);
    return true;
  } catch (const BrokenPipe&) { return false; }
}

}  // namespace ms::cli
