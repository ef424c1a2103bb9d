// Configuration files: settings, or one line for the operator that names the file.
#include "infra/config/config.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "infra/core/text.hpp"
#include "work.hpp"

namespace {

using ms::config::Program;
using ms::fuzz::require;

constexpr std::size_t kMaxError = 4'096;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = ms::fuzz::text_of(data, size);
  const int file = ::memfd_create("config", MFD_CLOEXEC);
  require(file >= 0 && ::write(file, data, size) == static_cast<ssize_t>(size), "no file", text);
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  for (const Program program : {Program::site, Program::monitor}) {
    const auto settings = ms::config::load(program, path);
    if (settings) {
      require(settings->server.threads > 0 && settings->http.answer_ms > 0, "a number out of its range", text);
      require(program != Program::site || !settings->session.secret.empty(), "a Site without a secret", text);
      ms::config::pg_config(*settings);
      ms::config::redis_config(*settings);
      ms::config::http_limits(*settings);
      continue;
    }
    require(settings.error().contains(path), "an error of no file", settings.error());
    require(!ms::has_control(settings.error()) && settings.error().size() <= kMaxError, "no line", settings.error());
  }
  ::close(file);
  return 0;
}
