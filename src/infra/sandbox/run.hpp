#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/io/file.hpp"
#include "infra/sandbox/limits.hpp"

// Runs a program that restricts itself (restrict.hpp) on one file. It gets three descriptors: the file to read (0), the
// output (1) and messages (2). Both outputs are files in memory, so the program writes nowhere else, and what it
// wrote before it died can be read.
namespace ms::sandbox {

/// The output of a process that has ended; move-only.
class Output {
 public:
  Output() = default;
  /// The content of the file; empty when it cannot be read.
  explicit Output(const File& file);
  ~Output();
  Output(Output&& other) noexcept;
  Output& operator=(Output&& other) noexcept;
  std::string_view bytes() const noexcept { return {data_, size_}; }

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

enum class End {
  exited,       ///< by itself, with a status
  out_of_time,  ///< of the processor or of the clock
  too_much_output,
  forbidden_call,  ///< a system call that nothing but an attack makes
  crashed,         ///< another signal
};

/// What became of a process.
struct CompletedProcess {
  End end = End::crashed;
  int status = 0;  ///< the exit status, or the number of the signal
  Output output;
  std::string message;  ///< the beginning of what it wrote as messages, for operators
  std::chrono::milliseconds cpu{0};
};

/// Starts `program` and waits until it has ended, which is at most `limits.wall` or until the call's deadline: then it
/// is killed. The event loop goes on meanwhile, but for the millisecond that a start takes. A destroyed coroutine kills
/// the process. Throws std::system_error when the program cannot be started.
async<CompletedProcess> run(const Call& call, std::string program, std::vector<std::string> arguments,
                            const File& input, Limits limits);

}  // namespace ms::sandbox
