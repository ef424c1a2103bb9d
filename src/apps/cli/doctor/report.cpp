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
    case State::fine:
      return "ok";
    case State::hint:
      return "hint";
    case State::wrong:
      break;
  }
  return "wrong";
}

}  // namespace

void Report::fine(std::string check, std::string says) {
  findings_.push_back({std::move(check), State::fine, std::move(says), ""});
}

void Report::hint(std::string check, std::string says, std::string mend) {
  findings_.push_back({std::move(check), State::hint, std::move(says), std::move(mend)});
}

void Report::wrong(std::string check, std::string says, std::string mend) {
  findings_.push_back({std::move(check), State::wrong, std::move(says), std::move(mend)});
}

void Report::guard(const std::string& check, const std::function<void()>& look) {
  try {
    look();
  } catch (const std::exception& fault) { wrong(check, fault.what(), "see that, then run this again"); }
}

std::string Report::text() const {
  std::string out;
  for (const State wanted : {State::fine, State::hint, State::wrong}) {
    for (const auto& [check, state, says, mend] : findings_) {
      if (state != wanted) continue;
      out += fmt::format("{:<6} {:<22} {}{}{}\n", word_of(state), check, says, mend.empty() ? "" : ". Mend: ", mend);
    }
  }
  return out;
}

std::string Report::json() const {
  boost::json::array out;
  for (const auto& [check, state, says, mend] : findings_) {
    out.push_back({{"check", check}, {"state", word_of(state)}, {"says", says}, {"mend", mend}});
  }
  return boost::json::serialize(out) + "\n";
}

bool Report::broken() const {
  return std::ranges::any_of(findings_, [](const Finding& one) { return one.state == State::wrong; });
}

bool has_systemd() { return std::filesystem::exists("/run/systemd/system"); }

}  // namespace ms::cli::doctor
