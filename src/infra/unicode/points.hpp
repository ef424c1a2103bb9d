#pragma once
#include <unicode/uchar.h>

#include <string>
#include <string_view>
#include <vector>

// Code points and what they are, for this folder.
namespace ms::unicode {

/// The code points of UTF-8; a byte that is none is a negative number.
std::vector<UChar32> points_of(std::string_view text);
/// Nothing for a negative number.
void append(std::string& out, UChar32 point);

/// White space, and what looks like it: fillers of Hangul, the empty pattern of Braille.
bool is_blank(UChar32 point);
/// Drawn, and not a mark on something else.
bool has_shape(UChar32 point);
bool is_mark(UChar32 point);
/// Makes text run the other way whatever its letters are: LRO and RLO.
bool is_override(UChar32 point);
/// May stand in no line: a control, Bidi control that is not a mere mark, private or unassigned character.
bool is_forbidden(UChar32 point);
/// Shows nothing and is needed by nothing, where points[at] stands.
bool is_idle(const std::vector<UChar32>& points, std::size_t at);
/// One of U+E0020 to U+E007F, which spell a region's flag behind U+1F3F4 and are a hiding place elsewhere.
bool is_tag(UChar32 point);
/// How many code points of a flag of tags begin at points[at]; 0 when it is none.
std::size_t flag_size(const std::vector<UChar32>& points, std::size_t at);

}  // namespace ms::unicode
