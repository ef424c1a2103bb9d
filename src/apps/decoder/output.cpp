#include "apps/decoder/output.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace ms::decoder {

void Output::type(const decoding::MediaType& type, decoding::Kind kind) { write(decoding::type_part(type, kind)); }

void Output::part(const decoding::Part& part) {
  write(decoding::part_head(part));
  write(part.bytes);
}

void Output::report(const decoding::Report& report) { write(decoding::report_part(report)); }

void Output::write(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw std::system_error(errno, std::system_category(), "output");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace ms::decoder
