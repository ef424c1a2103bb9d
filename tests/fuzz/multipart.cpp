// Multipart bodies: refused, or parts that are the same however the bytes are cut, and a form that is the same when it
// is sent in the other encoding.
#include "infra/http/multipart.hpp"

#include <vector>

#include "infra/core/text.hpp"
#include "infra/http/form.hpp"
#include "work.hpp"

namespace {

using ms::fuzz::require;
using ms::http::Form;

constexpr std::uint64_t kFixed = 50'000;
constexpr std::uint64_t kPerByte = 3'000;

class RecordingSink final : public ms::http::MultipartSink {
 public:
  bool begin_part(const ms::http::PartHead& head) override {
    require(ms::valid_utf8(head.name), "a name that is no UTF-8", head.name);
    const std::string filename = head.filename.value_or("");
    require(!filename.contains('/') && !filename.contains('\\') && filename != "..", "a path", filename);
    require(ms::valid_utf8(filename) && !ms::has_control(filename), "a filename of odd characters", filename);
    text += "\n" + head.name + " " + filename + " " + head.content_type + ": ";
    open = true;
    return true;
  }
  bool part_data(std::string_view bytes) override {
    require(open && !bytes.empty(), "data of no part", bytes);
    text += bytes;
    return true;
  }
  bool end_part() override {
    require(open, "the end of no part", text);
    open = false;
    return true;
  }
  std::string text;
  bool open = false;
};

/// The calls of the sink for chunks of this size, and whether the body is well-formed.
std::pair<bool, std::string> read(std::string_view boundary, std::string_view body, std::size_t chunk) {
  RecordingSink sink;
  ms::http::MultipartParser parser(boundary, {.parts = 20, .head_bytes = 200}, sink);
  for (std::size_t i = 0; i < body.size(); i += chunk) {
    if (!parser.push(body.substr(i, chunk))) return {false, {}};
  }
  return {parser.finish().has_value(), sink.text};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view body = ms::fuzz::text_of(data, size);
  const auto boundary = ms::http::multipart_boundary(ms::fuzz::take_line(body));
  if (!boundary) return 0;
  const auto begin = ms::fuzz::loads();
  const auto whole = read(*boundary, body, body.size() + 1);
  const auto form = Form::parse_multipart(*boundary, body);
  ms::fuzz::check_work(begin, size, kFixed, kPerByte);
  for (const std::size_t chunk : {1, 2, 7}) {
    const auto cut = read(*boundary, body, chunk);
    require(cut.first == whole.first, "well-formed by how it is cut", body);
    require(!whole.first || cut.second == whole.second, "other parts by how it is cut", body);
  }
  if (!form) return 0;
  const auto again = Form::parse(form->encoded());
  require(again && again->pairs() == form->pairs(), "another form in the other encoding", body);
  return 0;
}
