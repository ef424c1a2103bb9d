// What a decoder could do that a file has taken over; run_test.cpp starts it. It restricts itself as the decoder does.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "infra/sandbox/restrict.hpp"

namespace {

constexpr std::size_t kBlock = 1 << 20;

int write_forever(int descriptor) {
  const std::string block(kBlock, 'x');
  for (;;) {
    if (::write(descriptor, block.data(), block.size()) < 0) return errno;
  }
}

int take_memory() {
  std::vector<std::string> taken;
  for (;;) taken.emplace_back(kBlock, 'x');
}

int loop() {
  for (volatile unsigned i = 0;; i = i + 1) {}
}

int sleep_long() {
  std::this_thread::sleep_for(std::chrono::hours(1));
  return 0;
}

int ignore_and_loop() {
  ::signal(SIGXCPU, SIG_IGN);
  return loop();
}

int execute() {
  ::execl("/bin/true", "true", nullptr);
  return errno;
}

int make_code() {
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? errno : 0;
}

int open_file(const char* path, int flags) {
  const int file = ::open(path, flags, 0600);
  if (file < 0) return errno;
  ::close(file);
  return 0;
}

/// Puts the input into the output, from a second thread, which is allowed.
int copy() {
  std::thread([] {
    std::string all(kBlock, '\0');
    const ssize_t count = ::read(0, all.data(), all.size());
    [[maybe_unused]] const auto written = ::write(1, all.data(), static_cast<std::size_t>(count));
  }).join();
  std::cerr << "copied\n";
  return 0;
}

const std::map<std::string, std::function<int()>> kDeeds{
    {"copy", copy},
    {"loop", loop},
    {"sleep", sleep_long},
    {"ignore-and-loop", ignore_and_loop},
    {"memory", take_memory},
    {"output", [] { return write_forever(1); }},
    {"messages", [] { return write_forever(2); }},
    {"crash", [] { return ::raise(SIGABRT); }},
    {"fork", [] { return ::fork() == 0 ? 0 : 1; }},
    {"exec", execute},
    {"network", [] { return ::socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0; }},
    {"unix-socket", [] { return ::socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? errno : 0; }},
    {"code", make_code},
    {"kill-parent", [] { return ::kill(::getppid(), SIGTERM) < 0 ? errno : 0; }},
    {"read-passwords", [] { return open_file("/etc/passwd", O_RDONLY); }},
    {"read-fonts", [] { return open_file("/usr/share", O_RDONLY | O_DIRECTORY); }},
    {"write-file", [] { return open_file("/tmp/misbehave", O_WRONLY | O_CREAT); }},
    {"write-input", [] { return ::ftruncate(0, 0) < 0 ? errno : 0; }},
    {"trace", [] { return ::prctl(PR_SET_DUMPABLE, 1) < 0 ? errno : 0; }},
    {"other-files", [] { return ::fcntl(3, F_GETFD) < 0 ? errno : 0; }},
};

}  // namespace

// LeakSanitizer traces its process, which may not be traced here.
// NOLINTNEXTLINE(bugprone-reserved-identifier, readability-identifier-naming): AddressSanitizer's name
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }

/// DEED: the exit status is the error that it got, 0 when nothing stopped it.
int main(int argc, char** argv) {
  if (argc != 2) return EXIT_FAILURE;
  const auto deed = kDeeds.find(argv[1]);
  if (deed == kDeeds.end()) return EXIT_FAILURE;
  ms::sandbox::restrict_process({.cpu = std::chrono::seconds(1), .memory = 256U << 20, .output = 8U << 20},
                                ms::sandbox::library_data());
  return deed->second();
}
