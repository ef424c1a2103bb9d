// Names, titles and texts: whatever is typed gets one normal form, in which nothing hides.
#include "features/members/name.hpp"

#include "infra/core/text.hpp"
#include "work.hpp"

namespace {

using ms::fuzz::require;
using ms::unicode::Line;
using ms::unicode::Text;

constexpr std::uint64_t kFixed = 20'000;
constexpr std::uint64_t kPerByte = 1'000;

bool turns_text(char32_t point) {
  return point == 0x061C || point == 0x200E || point == 0x200F || (point >= 0x202A && point <= 0x202E) ||
         (point >= 0x2066 && point <= 0x2069);
}

void check_line(const Line& line) {
  const std::string& text = line.text();
  const Line again(text);
  require(again.text() == text && again.pure(), "a line that is another when it is read again", text);
  require(ms::valid_utf8(text) || text.contains('\0'), "no UTF-8", text);
  require(!ms::has_control(text) && !text.contains('\n') && !text.contains('\r'), "a control character", text);
  require(!text.starts_with(' ') && !text.ends_with(' ') && !text.contains("  "), "white space", text);
  for (const char32_t point : ms::unicode::points(text)) require(!turns_text(point), "a Bidi control", text);
}

void check_text(const Text& text) {
  const Text again(text.text());
  require(again.text() == text.text() && again.pure(), "a text that is another when it is read again", text);
  for (const char32_t point : ms::unicode::points(text)) {
    require(point != 0x202D && point != 0x202E, "a Bidi override", text);
  }
}

void check_own(const ms::members::Name& name) {
  check_line(name);
  if (!ms::members::check_name(name)) return;
  require(ms::unicode::has_letter(name) && ms::unicode::visible(name), "a name that nobody sees", name);
  require(ms::code_points(name) <= ms::members::kNameLimit, "a long name", name);
  require(ms::members::looks_like_one_of(name, {name.text()}) || ms::unicode::likeness(name).empty(),
          "a name that does not look like itself", name);
  ms::members::is_reserved(name, "민스쿨");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view typed = ms::fuzz::text_of(data, size);
  auto begin = ms::fuzz::loads();
  const Line line(typed);
  ms::fuzz::check_work(begin, size, kFixed, kPerByte);
  check_line(line);
  begin = ms::fuzz::loads();
  const Text text(typed);
  ms::fuzz::check_work(begin, size, kFixed, kPerByte);
  check_text(text);
  check_own(ms::members::Name(typed));
  return 0;
}
