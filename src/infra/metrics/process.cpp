#include "infra/metrics/process.hpp"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace ms::metrics {
namespace {

constexpr double kMicroseconds = 1e6;

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / kMicroseconds;
}

/// The fields of /proc/self/stat behind the name, which may hold blanks; the first is the state (proc(5) counts it 3).
std::istringstream stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  return std::istringstream(name_end == std::string::npos ? std::string() : line.substr(name_end + 1));
}

double start_time() {
  constexpr int kFieldsBefore = 19;  // of starttime, the 22nd of proc(5)
  auto fields = stat_fields();
  std::string skipped;
  for (int i = 0; i < kFieldsBefore; ++i) fields >> skipped;
  double ticks = 0;
  fields >> ticks;
  timespec up{};  // not /proc/uptime, which systemd may hide (ProcSubset=pid)
  ::clock_gettime(CLOCK_BOOTTIME, &up);
  const double age = static_cast<double>(up.tv_sec) - ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return static_cast<double>(::time(nullptr)) - age;
}

double count_descriptors() {
  std::error_code error;
  double count = 0;
  for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    ++count;
  }
  return count;
}

}  // namespace

ProcessMetrics::ProcessMetrics(Shard& shard)
    : cpu_(shard.total("process_cpu_seconds", "Processor time of this process, user and system.")),
      resident_(shard.gauge("process_resident_memory_bytes", "Memory of this process that is in RAM.")),
      virtual_(shard.gauge("process_virtual_memory_bytes", "Address space of this process.")),
      descriptors_(shard.gauge("process_open_fds", "File descriptors that are open.")),
      max_descriptors_(shard.gauge("process_max_fds", "File descriptors that may be open.")),
      threads_(shard.gauge("process_threads", "Threads of this process.")) {
  shard.gauge("process_start_time_seconds", "When this process began, in seconds since 1970.").set(start_time());
}

ProcessMetrics::Usage ProcessMetrics::read_usage() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  cpu_.set(seconds(usage.ru_utime) + seconds(usage.ru_stime));

  double pages = 0;
  double resident_pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident_pages;
  const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  virtual_.set(pages * page);
  resident_.set(resident_pages * page);
  return {cpu_.value(), resident_.value()};
}

void ProcessMetrics::read() {
  read_usage();
  descriptors_.set(count_descriptors());
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  max_descriptors_.set(static_cast<double>(limit.rlim_cur));

  constexpr int kFieldsBefore = 17;  // of num_threads, the 20th of proc(5)
  auto fields = stat_fields();
  std::string skipped;
  for (int i = 0; i < kFieldsBefore; ++i) fields >> skipped;
  double threads = 0;
  fields >> threads;
  threads_.set(threads);
}

}  // namespace ms::metrics
