#include "infra/decoding/decode.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "infra/decoding/exit_status.hpp"

namespace ms::decoding {
namespace {

constexpr std::array<std::string_view, 3> kOperations{"identify", "prepare", "avatar"};

std::string_view words(sandbox::End end) {
  switch (end) {
    case sandbox::End::exited:
      return "it exited";
    case sandbox::End::out_of_time:
      return "it was out of time";
    case sandbox::End::too_much_output:
      return "it wrote too much";
    case sandbox::End::forbidden_call:
      return "it made a forbidden system call";
    case sandbox::End::crashed:
      return "it crashed";
  }
  return "";
}

}  // namespace

std::string_view name_of(Operation operation) { return kOperations.at(static_cast<std::size_t>(operation)); }

std::string decoder_path() {
  const auto folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const auto built = folder / "minschool-decoder";
  const auto installed = folder.parent_path() / "libexec/minschool/minschool-decoder";
  return (std::filesystem::exists(built) ? built : installed).string();
}

async<Decoded> decode(const Call& call, std::string decoder, Operation operation, const File& file,
                      sandbox::Limits limits) {
  sandbox::CompletedProcess done =
      co_await sandbox::run(call, std::move(decoder), {std::string(name_of(operation))}, file, limits);
  const bool exited = done.end == sandbox::End::exited;
  if (exited && done.status == kCannotRestrict) throw std::runtime_error("decoder: " + done.message);
  Parsed parsed = parse(done.output.bytes());
  Decoded out{.report = parsed.report, .parts = std::move(parsed.parts), .output = std::move(done.output)};
  out.cpu = done.cpu;
  if (parsed.complete && exited && done.status == 0) co_return out;
  out.report.refusal = done.end == sandbox::End::out_of_time ? Refusal::too_slow : Refusal::failed;
  out.problem = fmt::format("{} ({}) {}", words(done.end), done.status, done.message);
  co_return out;
}

}  // namespace ms::decoding
