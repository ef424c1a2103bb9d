// What a file is called for its readers.
#include "features/files/kinds.hpp"

#include <gtest/gtest.h>

namespace ms::files {
namespace {

std::string_view icon_of(std::string name, std::string media_type = "application/octet-stream",
                         State state = State::prepared) {
  Attachment one;
  one.name = std::move(name);
  one.media_type = std::move(media_type);
  one.state = state;
  return kind_of(one).icon;
}

TEST(FileKinds, ContentDecidesAndElseTheName) {
  EXPECT_EQ(icon_of("사진.hwp", "image/png"), "picture");
  EXPECT_EQ(icon_of("안내문.HWP"), "document");
  EXPECT_EQ(icon_of("명단.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), "sheet");
  EXPECT_EQ(icon_of("명단.xlsx", "application/octet-stream", State::waiting), "sheet");
  EXPECT_EQ(icon_of("녹음.m4a", "audio/x-m4a"), "audio");
  EXPECT_EQ(icon_of("이름 없는 것"), "file");
}

}  // namespace
}  // namespace ms::files
