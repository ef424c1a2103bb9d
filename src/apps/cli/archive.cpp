#include "apps/cli/archive.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <system_error>

#include "apps/cli/command.hpp"
#include "infra/pg/wire.hpp"

namespace ms::cli {

WorkFolder::WorkFolder(const std::filesystem::path& beside) {
  std::string name = (beside / ".minschool-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw Failure(fmt::format("{} cannot be written to: {}", beside.string(), std::strerror(errno)));
  }
  path_ = name;
}

WorkFolder::~WorkFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::map<std::string, std::string> libpq_environment(const config::Settings& settings) {
  struct Free {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
  };
  const std::string conninfo = config::pg_config(settings).conninfo;
  const std::unique_ptr<PQconninfoOption, Free> options(PQconninfoParse(conninfo.c_str(), nullptr));
  std::map<std::string, std::string> out;
  if (!options) return out;
  for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr && option->envvar != nullptr) out[option->envvar] = option->val;
  }
  // pg_dump and pg_restore hold locks: the server is to notice when this machine is gone.
  out["PGOPTIONS"] = pg::Parameters(conninfo, "minschool").get("options");
  return out;
}

}  // namespace ms::cli
