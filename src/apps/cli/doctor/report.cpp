#include "apps/cli/doctor/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <exception>
#include <filesystem>

namespace ms::cli::doctor {
namespace {

std::string_view word_of(State state) {
  switch (state) {
    case State::ok:
      return "ok";
    case State::hint:
      return "hint";
    case State::wrong:
      break;
  }
  return "wrong";
}

}  // namespace

void Report::ok(std::string check, std::string message) {
  findings_.push_back({std::move(check), State::ok, std::move(message), ""});
}

void Report::hint(std::string check, std::string message, std::string remedy) {
  findings_.push_back({std::move(check), State::hint, std::move(message), std::move(remedy)});
}

void Report::wrong(std::string check, std::string message, std::string remedy) {
  findings_.push_back({std::move(check), State::wrong, std::move(message), std::move(remedy)});
}

void Report::guard(const std::string& check, const std::function<void()>& body) {
  try {
    body();
  } catch (const std::exception& fault) { wrong(check, fault.what(), "see that, then run this again"); }
}

std::string Report::text() const {
  std::string out;
  for (const State wanted : {State::ok, State::hint, State::wrong}) {
    for (const auto& [check, state, message, remedy] : findings_) {
      if (state != wanted) continue;
      out +=
          fmt::format("{:<6} {:<22} {}{}{}\n", word_of(state), check, message, remedy.empty() ? "" : ". Fix: ", remedy);
    }
  }
  return out;
}

std::string Report::json() const {
  boost::json::array out;
  for (const auto& [check, state, message, remedy] : findings_) {
    out.push_back({{"check", check}, {"state", word_of(state)}, {"says", message}, {"mend", remedy}});
  }
  return boost::json::serialize(out) + "\n";
}

bool Report::broken() const {
  return std::ranges::any_of(findings_, [](const Finding& one) { return one.state == State::wrong; });
}

bool has_systemd() { return std::filesystem::exists("/run/systemd/system"); }

}  // namespace ms::cli::doctor
