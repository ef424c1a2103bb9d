#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ms::cli::doctor {

enum class State {
  ok,
  hint,  ///< works, but could be better or will stop working soon
  wrong
};

struct Finding {
  std::string check;  ///< "redis memory"
  State state = State::ok;
  std::string message;
  std::string remedy;  ///< empty when fine
};

/// The findings. A check that itself fails is a finding too.
class Report {
 public:
  void ok(std::string check, std::string message);
  void hint(std::string check, std::string message, std::string remedy);
  void wrong(std::string check, std::string message, std::string remedy);
  /// Runs `body`; an exception becomes a finding with State::wrong.
  void guard(const std::string& check, const std::function<void()>& body);

  /// One line for each finding; errors come last, because people read the end first.
  std::string text() const;
  std::string json() const;
  bool broken() const;

 private:
  std::vector<Finding> findings_;
};

/// Whether this machine has a running systemd.
bool has_systemd();

}  // namespace ms::cli::doctor
