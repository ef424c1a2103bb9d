#include "apps/decoder/metadata.hpp"

#include <gmock/gmock.h>

#include <vector>

#include "apps/decoder/samples.hpp"

namespace ms::decoder {
namespace {

using testing::HasSubstr;
using testing::Not;

class MetadataTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ::vips_init("test"); }
};

/// The pixels, to compare.
std::string pixels(std::string_view bytes) {
  const Image image(vips_image_new_from_buffer(bytes.data(), bytes.size(), "", nullptr));
  if (!image) return {};
  std::size_t size = 0;
  void* const data = vips_image_write_to_memory(image.get(), &size);
  std::string out(static_cast<const char*>(data), size);
  g_free(data);
  return out;
}

TEST_F(MetadataTest, OnlyPixelsAndOrientationOfAJpegAreLeft) {
  for (const char* ending : {".jpg", ".jpg[interlace=true]"}) {
    const std::string bytes = samples::photograph(200, 100, 6, ending);
    const auto clean = clean_jpeg(bytes, 6);
    ASSERT_TRUE(clean);
    EXPECT_LT(clean->size(), bytes.size());
    EXPECT_THAT(*clean, Not(HasSubstr("Secret-Place")));
    EXPECT_EQ(pixels(*clean), pixels(bytes));
    Head head;
    ASSERT_TRUE(read_head(*clean, head));
    EXPECT_EQ(head.orientation, 6);
    EXPECT_EQ(head.width, 100);
    EXPECT_EQ(clean_jpeg(*clean, 6), clean);
  }
}

TEST_F(MetadataTest, OtherPicturesKeepTheirPixels) {
  const std::vector<std::pair<const char*, std::optional<std::string> (*)(std::string_view)>> kinds{
      {".png", clean_png}, {".webp", clean_webp}, {".webp[lossless=true]", clean_webp}, {".gif", clean_gif}};
  for (const auto& [ending, clean] : kinds) {
    const std::string bytes = samples::photograph(60, 40, 1, ending);
    const auto out = clean(bytes + "trailing");
    ASSERT_TRUE(out) << ending;
    EXPECT_THAT(*out, Not(HasSubstr("Secret-Place")));
    EXPECT_THAT(*out, Not(HasSubstr("trailing")));
    EXPECT_EQ(pixels(*out), pixels(bytes)) << ending;
  }
}

TEST_F(MetadataTest, CommentsOfAGifGo) {
  std::string bytes = samples::photograph(20, 20, 1, ".gif");
  bytes.insert(bytes.size() - 1, std::string("!\xFE\x0CSecret-Place\0", 16));
  ASSERT_FALSE(pixels(bytes).empty());
  const auto out = clean_gif(bytes);
  ASSERT_TRUE(out);
  EXPECT_THAT(*out, Not(HasSubstr("Secret")));
  EXPECT_EQ(pixels(*out), pixels(bytes));
}

/// Each beginning of a file is refused, or cleaned without a read beyond its end (AddressSanitizer).
TEST_F(MetadataTest, EveryBeginningOfAFileIsSafe) {
  for (const char* ending : {".jpg", ".png", ".webp", ".gif"}) {
    const std::string bytes = samples::photograph(16, 16, 6, ending);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const std::string begin = bytes.substr(0, size);
      EXPECT_FALSE(clean_jpeg(begin, 6)) << ending << size;
      EXPECT_FALSE(clean_png(begin));
      EXPECT_FALSE(clean_webp(begin));
      EXPECT_FALSE(clean_gif(begin)) << ending << size;
    }
  }
}

}  // namespace
}  // namespace ms::decoder
