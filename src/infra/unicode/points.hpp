#pragma once
#include <unicode/uchar.h>

#include <string>
#include <string_view>
#include <vector>

// Code points and their classes, for this folder.
namespace ms::unicode {

/// The code points of UTF-8 text; an invalid byte gives a negative number.
std::vector<UChar32> points_of(std::string_view text);
/// Writes nothing for a negative number.
void append(std::string& out, UChar32 point);

/// White space, and characters that look like it: Hangul fillers, the empty Braille pattern.
bool is_blank(UChar32 point);
/// Visible, and not a combining mark.
bool has_shape(UChar32 point);
bool is_mark(UChar32 point);
/// Overrides the direction of text whatever its letters are: LRO and RLO.
bool is_override(UChar32 point);
/// Not allowed in a line: a control, a Bidi control other than a mark, a private or unassigned character.
bool is_forbidden(UChar32 point);
/// Whether points[at] is invisible and nothing around it needs it.
bool is_idle(const std::vector<UChar32>& points, std::size_t at);
/// U+E0020 to U+E007F, which spell a region's flag after U+1F3F4 and can hide text elsewhere.
bool is_tag(UChar32 point);
/// The number of code points of a tag flag that starts at points[at]; 0 when there is none.
std::size_t flag_size(const std::vector<UChar32>& points, std::size_t at);

}  // namespace ms::unicode
