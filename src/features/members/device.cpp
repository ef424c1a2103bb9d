#include "features/members/device.hpp"

#include <array>
#include <span>
#include <utility>

namespace ms::members {
namespace {

using Pattern = std::pair<std::string_view, std::string_view>;  // text to search for, name to show

constexpr std::array<Pattern, 9> kBrowsers = {{{"Whale/", "Whale"},
                                               {"SamsungBrowser/", "Samsung Internet"},
                                               {"KAKAOTALK", "KakaoTalk"},
                                               {"Edg", "Edge"},
                                               {"OPR/", "Opera"},
                                               {"Firefox/", "Firefox"},
                                               {"CriOS/", "Chrome"},
                                               {"Chrome/", "Chrome"},
                                               {"Safari/", "Safari"}}};
constexpr std::array<Pattern, 6> kSystems = {{{"iPhone", "iPhone"},
                                              {"iPad", "iPad"},
                                              {"Android", "Android"},
                                              {"Windows", "Windows"},
                                              {"Mac OS X", "Mac"},
                                              {"Linux", "Linux"}}};

std::string_view first(std::span<const Pattern> patterns, std::string_view text) {
  for (const auto& [pattern, name] : patterns) {
    if (text.contains(pattern)) return name;
  }
  return {};
}

}  // namespace

std::string device_name(std::string_view user_agent) {
  std::string out(first(kBrowsers, user_agent));
  const std::string_view system = first(kSystems, user_agent);
  if (!out.empty() && !system.empty()) out += ", ";
  return out.append(system);
}

}  // namespace ms::members
