#pragma once
#include <string>
#include <string_view>

namespace ms::members {

/// A browser and a system to recognise one's device by ("Chrome, Windows"), from its User-Agent. Browsers claim to be
/// each other, so the order of the names matters (MDN, "Browser detection using the user agent"). Unknown ones give "".
std::string device_name(std::string_view user_agent);

}  // namespace ms::members
