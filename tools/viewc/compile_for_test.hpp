#pragma once
#include <string>
#include <string_view>

#include "emitter.hpp"

namespace viewc {

inline Catalogue sample_texts() {
  return Catalogue::parse("[login]\ntitle = \"<로그인>\"\n[comments]\ncount = \"댓글 {n}개\"\n[a.b]\nc = \"x\"\n",
                          "ko.toml");
}

/// The C++ of one view around this HTML, or its problems. The HTML begins at line 2, column 1.
inline std::string compiled(std::string_view html) {
  try {
    return compile("{% view a::b() %}\n" + std::string(html) + "{% end %}", "a.html", "a.html", sample_texts()).source;
  } catch (const CompileError& error) { return error.what(); }
}

}  // namespace viewc
