#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ms::cli::doctor {

enum class State {
  fine,
  hint,  ///< it works, and could be better or will not work for long
  wrong
};

struct Finding {
  std::string check;  ///< "redis memory"
  State state = State::fine;
  std::string says;
  std::string mend;  ///< empty when fine
};

/// The findings. A check that itself fails is a finding too.
class Report {
 public:
  void fine(std::string check, std::string says);
  void hint(std::string check, std::string says, std::string mend);
  void wrong(std::string check, std::string says, std::string mend);
  /// Runs `look`; an exception is a finding of what is wrong.
  void guard(const std::string& check, const std::function<void()>& look);

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
