#pragma once
#include <string>
#include <string_view>

namespace ms::members {

/// The browser and the system of a User-Agent ("Chrome, Windows"), by which members recognise their devices. Browsers
/// claim to be each other, so the order of the names matters (MDN, "Browser detection using the user agent"). Unknown
/// ones give "".
std::string device_name(std::string_view user_agent);

}  // namespace ms::members
