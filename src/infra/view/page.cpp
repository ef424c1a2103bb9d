#include "infra/view/page.hpp"

namespace ms::view {

std::string_view initial(std::string_view name) {
  std::size_t size = name.empty() ? 0 : 1;
  while (size < name.size() && (static_cast<unsigned char>(name[size]) & 0xC0) == 0x80) ++size;
  return name.substr(0, size);
}

}  // namespace ms::view
