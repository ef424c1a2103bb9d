#include "infra/sandbox/restrict.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>

#include "infra/io/file.hpp"

namespace ms::sandbox {
namespace {

constexpr int kNice = 5;
constexpr rlim_t kMaxFiles = 64;
constexpr std::uint64_t kWhole = UINT64_MAX;  // a mask: all of an argument

[[noreturn]] void fail(int error, const char* what) { throw std::system_error(error, std::system_category(), what); }
void check(bool fine, const char* what) {
  if (!fine) fail(errno, what);
}

void limit(__rlimit_resource resource, rlim_t soft, rlim_t hard, const char* what) {
  const rlimit value{soft, hard};
  check(::setrlimit(resource, &value) == 0, what);
}

void set_limits(const Limits& limits) {
  const auto cpu = static_cast<rlim_t>(limits.cpu.count());
  limit(RLIMIT_CPU, cpu, cpu + 1, "limit of processor time");
  limit(RLIMIT_FSIZE, limits.output, limits.output, "limit of output");
  limit(RLIMIT_NOFILE, kMaxFiles, kMaxFiles, "limit of open files");
  limit(RLIMIT_CORE, 0, 0, "limit of core files");
#if !__has_feature(address_sanitizer)  // it reserves terabytes of addresses
  limit(RLIMIT_AS, limits.memory, limits.memory, "limit of memory");
#endif
}

/// Requests come first, and when the machine has no memory left, this process goes and not the program that started it.
void yield_to_others() {
  ::setpriority(PRIO_PROCESS, 0, kNice);
  const File score(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  constexpr std::string_view kFirst = "1000";
  if (score.get() >= 0) [[maybe_unused]]
    const auto written = ::write(score.get(), kFirst.data(), kFirst.size());
}

/// False when the kernel has no Landlock.
bool restrict_files(const std::vector<std::string>& readable) {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return false;
  // Version 1 of the interface: what came later (truncating, ioctl) needs a descriptor for writing, which nobody gets.
  constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
  landlock_ruleset_attr rules{};
  rules.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  const File ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0)));
  check(ruleset.get() >= 0, "landlock_create_ruleset");
  for (const std::string& path : readable) {
    const File folder(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() < 0) continue;
    landlock_path_beneath_attr beneath{};
    beneath.allowed_access = kRead;
    beneath.parent_fd = folder.get();
    check(::syscall(SYS_landlock_add_rule, ruleset.get(), LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0,
          "landlock_add_rule");
  }
  check(::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0, "landlock_restrict_self");
  return true;
}

// What the C library and the decoders need besides the calls whose arguments are checked below.
constexpr std::array kAllowed{SCMP_SYS(read),
                              SCMP_SYS(pread64),
                              SCMP_SYS(readv),
                              SCMP_SYS(write),
                              SCMP_SYS(pwrite64),
                              SCMP_SYS(writev),
                              SCMP_SYS(close),
                              SCMP_SYS(lseek),
                              SCMP_SYS(fstat),
                              SCMP_SYS(newfstatat),
                              SCMP_SYS(stat),
                              SCMP_SYS(lstat),
                              SCMP_SYS(statx),
                              SCMP_SYS(fstatfs),
                              SCMP_SYS(statfs),
                              SCMP_SYS(access),
                              SCMP_SYS(faccessat),
                              SCMP_SYS(faccessat2),
                              SCMP_SYS(readlink),
                              SCMP_SYS(readlinkat),
                              SCMP_SYS(getdents64),
                              SCMP_SYS(getcwd),
                              SCMP_SYS(fcntl),
                              SCMP_SYS(fadvise64),
                              SCMP_SYS(munmap),
                              SCMP_SYS(mremap),
                              SCMP_SYS(madvise),
                              SCMP_SYS(brk),
                              SCMP_SYS(futex),
                              SCMP_SYS(set_robust_list),
                              SCMP_SYS(rseq),
                              SCMP_SYS(sched_yield),
                              SCMP_SYS(membarrier),
                              SCMP_SYS(getpid),
                              SCMP_SYS(sched_getaffinity),
                              SCMP_SYS(gettid),
                              SCMP_SYS(getuid),
                              SCMP_SYS(geteuid),
                              SCMP_SYS(getgid),
                              SCMP_SYS(getegid),
                              SCMP_SYS(clock_gettime),
                              SCMP_SYS(clock_getres),
                              SCMP_SYS(clock_nanosleep),
                              SCMP_SYS(nanosleep),
                              SCMP_SYS(gettimeofday),
                              SCMP_SYS(time),
                              SCMP_SYS(getrandom),
                              SCMP_SYS(uname),
                              SCMP_SYS(sysinfo),
                              SCMP_SYS(getrusage),
                              SCMP_SYS(times),
                              SCMP_SYS(poll),
                              SCMP_SYS(ppoll),
                              SCMP_SYS(eventfd2),
                              SCMP_SYS(rt_sigaction),
                              SCMP_SYS(rt_sigprocmask),
                              SCMP_SYS(rt_sigreturn),
                              SCMP_SYS(sigaltstack),
                              SCMP_SYS(restart_syscall),
                              SCMP_SYS(exit),
                              SCMP_SYS(exit_group),
                              SCMP_SYS(pipe),  // by which the sanitizers ask whether memory can be read
                              SCMP_SYS(pipe2)};

// Nothing here needs these: who calls them has taken the process over.
constexpr std::array kFatal{SCMP_SYS(socket),
                            SCMP_SYS(socketpair),
                            SCMP_SYS(connect),
                            SCMP_SYS(bind),
                            SCMP_SYS(listen),
                            SCMP_SYS(accept),
                            SCMP_SYS(accept4),
                            SCMP_SYS(sendto),
                            SCMP_SYS(sendmsg),
                            SCMP_SYS(sendmmsg),
                            SCMP_SYS(execve),
                            SCMP_SYS(execveat),
                            SCMP_SYS(fork),
                            SCMP_SYS(vfork),
                            SCMP_SYS(ptrace),
                            SCMP_SYS(process_vm_readv),
                            SCMP_SYS(process_vm_writev),
                            SCMP_SYS(mount),
                            SCMP_SYS(umount2),
                            SCMP_SYS(move_mount),
                            SCMP_SYS(open_tree),
                            SCMP_SYS(fsopen),
                            SCMP_SYS(pivot_root),
                            SCMP_SYS(chroot),
                            SCMP_SYS(unshare),
                            SCMP_SYS(setns),
                            SCMP_SYS(bpf),
                            SCMP_SYS(perf_event_open),
                            SCMP_SYS(userfaultfd),
                            SCMP_SYS(io_uring_setup),
                            SCMP_SYS(keyctl),
                            SCMP_SYS(add_key),
                            SCMP_SYS(request_key),
                            SCMP_SYS(init_module),
                            SCMP_SYS(finit_module),
                            SCMP_SYS(kexec_load),
                            SCMP_SYS(kexec_file_load),
                            SCMP_SYS(reboot),
                            SCMP_SYS(pidfd_getfd),
                            SCMP_SYS(open_by_handle_at)};

/// The filter of system calls. The kernel keeps it after it is loaded.
class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(EPERM)), seccomp_release) {
    if (!context_) fail(ENOMEM, "seccomp_init");
  }

  void add(std::uint32_t action, int call) { take(seccomp_rule_add(context_.get(), action, call, 0)); }
  /// Where argument number `argument`, masked, is `value`.
  void add(std::uint32_t action, int call, unsigned argument, std::uint64_t mask, std::uint64_t value) {
    const scmp_arg_cmp condition{argument, SCMP_CMP_MASKED_EQ, mask, value};
    take(seccomp_rule_add_array(context_.get(), action, call, 1, &condition));
  }
  void load() { take(seccomp_load(context_.get())); }

 private:
  static void take(int result) {
    if (result != 0) fail(-result, "seccomp");
  }

  std::unique_ptr<void, decltype(&seccomp_release)> context_;
};

void allow_memory_without_code(Filter& filter) {
  filter.add(SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, PROT_EXEC, 0);
  filter.add(SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
}

void allow_threads(Filter& filter) {
  // The flags of clone3 lie in memory, where no filter sees them; without it the C library uses clone.
  filter.add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
  filter.add(SCMP_ACT_ALLOW, SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD);
  filter.add(SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 0, CLONE_THREAD, 0);
  filter.add(SCMP_ACT_ALLOW, SCMP_SYS(prctl), 0, kWhole, PR_SET_NAME);
}

void allow_reading_files(Filter& filter) {
  constexpr std::uint64_t kWriting = O_ACCMODE | O_CREAT | O_TRUNC;
  filter.add(SCMP_ACT_ALLOW, SCMP_SYS(openat), 2, kWriting, O_RDONLY);
  filter.add(SCMP_ACT_ALLOW, SCMP_SYS(open), 1, kWriting, O_RDONLY);
}

void restrict_calls(bool may_open_files) {
  Filter filter;
  for (const int call : kAllowed) filter.add(SCMP_ACT_ALLOW, call);
  for (const int call : kFatal) filter.add(SCMP_ACT_KILL_PROCESS, call);
  allow_memory_without_code(filter);
  allow_threads(filter);
  if (may_open_files) allow_reading_files(filter);
  // abort() sends a signal to its own process, and limits may be asked for, not set.
  filter.add(SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 0, kWhole, static_cast<std::uint64_t>(::getpid()));
  filter.add(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, kWhole, 0);
  filter.load();
}

}  // namespace

std::vector<std::string> library_data() { return {"/usr/share", "/usr/lib", "/etc/fonts", "/var/cache/fontconfig"}; }

void restrict_process(const Limits& limits, const std::vector<std::string>& readable) {
  check(::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "PR_SET_PDEATHSIG");
  yield_to_others();
  check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "PR_SET_NO_NEW_PRIVS");
  check(::prctl(PR_SET_DUMPABLE, 0) == 0, "PR_SET_DUMPABLE");
  set_limits(limits);
  const bool files = restrict_files(readable);
  restrict_calls(files);
}

}  // namespace ms::sandbox
