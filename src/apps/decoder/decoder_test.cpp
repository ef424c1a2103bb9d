// The program as the Site starts it, restricted, on files of each kind.
#include "apps/decoder/decoder.hpp"

#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>

#include "apps/decoder/picture.hpp"
#include "apps/decoder/samples.hpp"

namespace ms::decoder {
namespace {

using decoding::Decoded;
using decoding::Kind;
using decoding::Operation;
using decoding::Part;
using decoding::Refusal;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class DecoderTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    static const Decoder started;  // the libraries, for the samples
  }

  async<void> ask(std::string bytes, Operation operation, sandbox::Limits limits, std::optional<Decoded>& out) {
    const File file(::memfd_create("file", MFD_CLOEXEC));
    [[maybe_unused]] const auto written = ::write(file.get(), bytes.data(), bytes.size());
    const Call call(std::chrono::steady_clock::now() + std::chrono::minutes(2), "test");
    out.emplace(co_await decoding::decode(call, MINSCHOOL_DECODER, operation, file, limits));
  }
  Decoded decode(const std::string& bytes, Operation operation = Operation::prepare, sandbox::Limits limits = {}) {
    std::optional<Decoded> out;
    std::exception_ptr thrown;
    asio::io_context io;
    asio::co_spawn(io, ask(bytes, operation, limits, out), [&](std::exception_ptr error) { thrown = error; });
    io.run();
    if (thrown) std::rethrow_exception(thrown);
    EXPECT_THAT(out->problem, IsEmpty());
    return std::move(*out);
  }

  static std::vector<std::string_view> names(const Decoded& decoded) {
    std::vector<std::string_view> out;
    for (const Part& part : decoded.parts) out.push_back(part.name);
    return out;
  }
  static const Part& part(const Decoded& decoded, std::string_view name) {
    const auto found = std::ranges::find(decoded.parts, name, &Part::name);
    if (found == decoded.parts.end()) throw std::runtime_error("no part " + std::string(name));
    return *found;
  }
  static std::string text(const Decoded& decoded) { return std::string(part(decoded, "text.txt").bytes); }
  static std::pair<int, int> size(const Part& of) { return {of.width, of.height}; }
};

TEST_F(DecoderTest, APhotographIsUprightAndSaysNothingOfItsPlace) {
  const std::string bytes = samples::photograph(2000, 1500);
  ASSERT_THAT(bytes, HasSubstr("Secret-Place"));
  const Decoded out = decode(bytes);
  EXPECT_EQ(out.report.type.name, "image/jpeg");
  EXPECT_EQ(out.report.refusal, Refusal::none);
  EXPECT_EQ(out.report.width, 1500);
  EXPECT_EQ(out.report.height, 2000);
  EXPECT_THAT(names(out), ElementsAre("large.webp", "page.webp", "card.webp", "thumb.webp", "original.jpg"));
  EXPECT_EQ(size(part(out, "large.webp")), std::pair(1500, 2000));
  EXPECT_EQ(size(part(out, "page.webp")), std::pair(960, 1280));
  EXPECT_EQ(size(part(out, "card.webp")), std::pair(480, 640));
  EXPECT_EQ(size(part(out, "thumb.webp")), std::pair(320, 320));
  for (const Part& one : out.parts) {
    EXPECT_THAT(std::string(one.bytes), Not(HasSubstr("Secret-Place"))) << one.name;
    Head head;
    ASSERT_TRUE(read_head(one.bytes, head)) << one.name;
    EXPECT_EQ(std::pair(head.width, head.height), size(one)) << one.name;
  }
  EXPECT_THAT(std::string(part(out, "page.webp").bytes), Not(HasSubstr("EXIF")));
}

TEST_F(DecoderTest, EveryKindOfPictureIsDecoded) {
  const std::vector<std::array<std::string_view, 3>> kinds{
      {".png", "image/png", "original.png"},
      {".webp", "image/webp", "original.webp"},
      {".gif", "image/gif", "original.gif"},
      {".heic[compression=hevc]", "image/heic", "original.jpg"},
      {".avif[compression=av1,effort=0]", "image/avif", "original.jpg"}};
  for (const auto& [ending, type, original] : kinds) {
    const Decoded out = decode(samples::photograph(600, 400, 1, std::string(ending).c_str()));
    EXPECT_EQ(out.report.type.name, type);
    EXPECT_EQ(out.report.refusal, Refusal::none) << type;
    EXPECT_THAT(names(out), ElementsAre("page.webp", "card.webp", "thumb.webp", original)) << type;
    EXPECT_EQ(size(part(out, "page.webp")), std::pair(600, 400)) << "nothing is enlarged";
    EXPECT_THAT(std::string(part(out, original).bytes), Not(HasSubstr("Secret-Place"))) << type;
    Head head;
    EXPECT_TRUE(read_head(part(out, original).bytes, head)) << type;
  }
}

TEST_F(DecoderTest, ColoursBecomeSrgb) {
  const std::vector<std::pair<VipsInterpretation, const char*>> spaces{{VIPS_INTERPRETATION_CMYK, ".jpg"},
                                                                       {VIPS_INTERPRETATION_RGB16, ".png"},
                                                                       {VIPS_INTERPRETATION_GREY16, ".png"},
                                                                       {VIPS_INTERPRETATION_B_W, ".jpg"}};
  for (const auto& [space, ending] : spaces) {
    VipsImage* converted = nullptr;
    ASSERT_EQ(vips_colourspace(samples::picture(300, 200).get(), &converted, space, nullptr), 0);
    const Decoded out = decode(samples::saved(Image(converted), ending));
    EXPECT_EQ(out.report.refusal, Refusal::none) << space;
    const std::string_view card = part(out, "card.webp").bytes;
    const Image shown(vips_image_new_from_buffer(card.data(), card.size(), "", nullptr));
    double mean = 0;
    ASSERT_EQ(vips_avg(shown.get(), &mean, nullptr), 0);
    EXPECT_NEAR(mean, 128, 20) << space;
  }
}

TEST_F(DecoderTest, AnAnimationMovesOnThePage) {
  for (const char* ending : {".gif", ".webp"}) {
    const Decoded out = decode(samples::animation(120, 5, ending));
    EXPECT_TRUE(out.report.animated) << ending;
    EXPECT_EQ(out.report.height, 120);
    Head head;
    ASSERT_TRUE(read_head(part(out, "page.webp").bytes, head));
    EXPECT_EQ(head.frames, 5);
    ASSERT_TRUE(read_head(part(out, "card.webp").bytes, head));
    EXPECT_EQ(head.frames, 1);
    ASSERT_TRUE(read_head(part(out, "original" + std::string(ending)).bytes, head));
    EXPECT_EQ(head.frames, 5);
  }
  EXPECT_FALSE(decode(samples::animation(8, 400, ".gif")).report.animated) << "too many frames";
}

TEST_F(DecoderTest, AnAvatarIsSquare) {
  const Decoded out = decode(samples::photograph(900, 600), Operation::avatar);
  EXPECT_THAT(names(out), ElementsAre("avatar-256.webp", "avatar-64.webp"));
  EXPECT_EQ(size(part(out, "avatar-256.webp")), std::pair(256, 256));
  EXPECT_EQ(size(part(out, "avatar-64.webp")), std::pair(64, 64));
  const Decoded tall = decode(samples::photograph(300, 3000, 1), Operation::avatar);
  EXPECT_EQ(size(part(tall, "avatar-256.webp")), std::pair(256, 256));
  EXPECT_EQ(decode(samples::pdf("x"), Operation::avatar).report.refusal, Refusal::broken);
}

TEST_F(DecoderTest, BrokenPicturesAreRefused) {
  const std::string whole = samples::photograph(1200, 800);
  EXPECT_EQ(decode(whole.substr(0, whole.size() / 2)).report.refusal, Refusal::broken);
  const std::string png = samples::photograph(300, 300, 1, ".png");
  EXPECT_EQ(decode(png.substr(0, png.size() / 2)).report.refusal, Refusal::broken);
  EXPECT_EQ(decode("").report.refusal, Refusal::broken);
  EXPECT_EQ(decode(samples::huge_png(100'000, 3)).report.refusal, Refusal::too_large);
  EXPECT_THAT(names(decode(samples::huge_png(100'000, 3))), ElementsAre("original.png")) << "cleaned, not decoded";
  EXPECT_EQ(decode(samples::huge_png(7'100, 1)).report.refusal, Refusal::too_large) << "50.4 megapixels";
  EXPECT_EQ(decode(samples::huge_png(7'000, 1)).report.refusal, Refusal::broken) << "most rows are missing";
}

TEST_F(DecoderTest, WhatABrowserWouldRunIsForDownloadOnly) {
  for (const char* markup :
       {"<!DOCTYPE html><html><script>alert(1)</script></html>", "<html><body>x</body></html>",
        "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"><script>1</script></svg>",
        "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>", "#!/bin/sh\nrm -rf /\n"}) {
    const Decoded out = decode(markup);
    EXPECT_EQ(out.report.type.name, "text/plain") << markup;
    EXPECT_EQ(out.report.kind, Kind::other) << markup;
    EXPECT_THAT(out.parts, IsEmpty());
  }
}

TEST_F(DecoderTest, NothingThatFollowsAPictureIsKept) {
  const std::string archive = samples::zip({{"index.html", "<script>alert(1)</script>"}});
  for (const char* ending : {".jpg", ".png", ".webp", ".gif"}) {
    const std::string picture = samples::photograph(64, 64, 1, ending);
    const Decoded out = decode(picture + "<script>alert(1)</script>" + archive);
    EXPECT_EQ(out.report.kind, Kind::picture);
    const std::string original(part(out, "original" + std::string(ending)).bytes);
    EXPECT_THAT(original, Not(HasSubstr("script"))) << ending;
    EXPECT_LE(original.size(), picture.size()) << ending;
  }
  EXPECT_EQ(decode("GIF89a/*<script>*/=1;alert(1)").report.refusal, Refusal::broken);
}

TEST_F(DecoderTest, TextOfDocumentsIsRead) {
  EXPECT_EQ(text(decode("가정통신문\r\n3월")), "가정통신문\n3월");
  const Decoded cp949 = decode("\xB0\xA1\xC1\xA4\xC5\xEB\xBD\xC5\xB9\xAE\x8C\x63");
  EXPECT_EQ(cp949.report.type.name, "text/plain");
  EXPECT_EQ(text(cp949), "가정통신문똠");
  EXPECT_EQ(decode(std::string("\0\1\2binary", 9)).report.type.name, "application/octet-stream");
  const Decoded docx = decode(samples::zip(
      {{"[Content_Types].xml", "<Types/>"},
       {"word/document.xml",
        "<w:document xmlns:w=\"w\"><w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>가정</w:t><w:tab/><w:t>통신문"
        "</w:t></w:r></w:p><w:p><w:r><w:t>둘째</w:t></w:r></w:p></w:document>"}}));
  EXPECT_THAT(std::string(docx.report.type.name), HasSubstr("wordprocessingml"));
  EXPECT_EQ(text(docx), "가정\t통신문\n둘째\n");
  const Decoded xlsx =
      decode(samples::zip({{"xl/workbook.xml", "<workbook/>"},
                           {"xl/sharedStrings.xml", "<sst><si><t>이름</t></si><si><t>반</t></si></sst>"}}));
  EXPECT_EQ(text(xlsx), "이름\n반\n");
  const Decoded pptx = decode(samples::zip({{"ppt/presentation.xml", "<p/>"},
                                            {"ppt/slides/slide10.xml", "<s><p><t>열</t></p></s>"},
                                            {"ppt/slides/slide2.xml", "<s><p><t>둘</t></p></s>"}}));
  EXPECT_EQ(text(pptx), "둘\n열\n");
}

TEST_F(DecoderTest, HancomsDocumentsAreRead) {
  const std::string section = samples::paragraph(u"학부모님께") + samples::paragraph(u"급식\u000B1234567안내\u000D");
  const std::string image = samples::photograph(200, 280, 1, ".png");
  const Decoded packed = decode(samples::hwp(1, {{"BodyText/Section0", samples::deflated(section, -15)},
                                                 {"PrvText", samples::utf16(u"앞부분")},
                                                 {"PrvImage", image}}));
  EXPECT_EQ(packed.report.type.name, "application/x-hwp");
  EXPECT_EQ(text(packed), "학부모님께\n급식안내\n");
  EXPECT_EQ(size(part(packed, "preview.webp")), std::pair(200, 280));
  EXPECT_EQ(text(decode(samples::hwp(4, {{"PrvText", samples::utf16(u"앞부분")}}))), "앞부분");
  EXPECT_EQ(decode(samples::hwp(2, {{"PrvText", "x"}})).report.refusal, Refusal::locked);
  const Decoded hwpx = decode(samples::zip({{"mimetype", "application/hwp+zip"},
                                            {"Contents/content.hpf", "<x/>"},
                                            {"Contents/section0.xml", "<s><p><run><t>한글</t></run></p></s>"},
                                            {"Preview/PrvImage.png", image}}));
  EXPECT_EQ(hwpx.report.type.name, "application/hwp+zip");
  EXPECT_THAT(names(hwpx), ElementsAre("text.txt", "preview.webp"));
  EXPECT_EQ(text(hwpx), "한글\n");
  const Decoded word = decode(samples::compound({{"WordDocument", "x"}}));
  EXPECT_EQ(word.report.type.name, "application/msword");
  EXPECT_EQ(word.report.kind, Kind::other);
}

TEST_F(DecoderTest, APdfHasTextAndAFirstPage) {
  const Decoded out = decode(samples::pdf("School lunch"));
  EXPECT_EQ(out.report.type.name, "application/pdf");
  EXPECT_EQ(out.report.pages, 1);
  EXPECT_THAT(text(out), HasSubstr("School lunch"));
  EXPECT_EQ(size(part(out, "preview.webp")), std::pair(960, 1359));
  EXPECT_EQ(decode("%PDF-1.4\nnothing").report.refusal, Refusal::broken);
  EXPECT_EQ(decode(samples::pdf("x",
                                "/Encrypt<</Filter/Standard/V 1/R 2/O(00000000000000000000000000000000)"
                                "/U(00000000000000000000000000000000)/P -4>>/ID[(a)(a)]"))
                .report.refusal,
            Refusal::locked);
}

TEST_F(DecoderTest, BombsAreDefused) {
  const std::string bomb(80 << 20, ' ');
  const Decoded zipped = decode(samples::zip({{"word/document.xml", "<d>" + bomb + "</d>"}}));
  EXPECT_EQ(zipped.report.refusal, Refusal::too_large);
  EXPECT_EQ(decode(samples::zip({{"a", bomb}})).report.type.name, "application/zip") << "nobody unpacks it";
  const std::string laughs = "<!DOCTYPE d [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]><d><p><t>&b;</t></p></d>";
  EXPECT_THAT(decode(samples::zip({{"word/document.xml", laughs}})).parts, IsEmpty());
  const Decoded hwp = decode(samples::hwp(1, {{"BodyText/Section0", samples::deflated(bomb, -15)}}));
  EXPECT_THAT(hwp.parts, IsEmpty());
  EXPECT_EQ(decode(std::string(3 << 20, 'a')).report.text_is_cut, true);
}

TEST_F(DecoderTest, AFileThatTakesTooLongIsKnownByItsType) {
  std::optional<Decoded> out;
  asio::io_context io;
  asio::co_spawn(
      io, ask(samples::photograph(6000, 4000), Operation::prepare, {.wall = std::chrono::milliseconds(300)}, out),
      [](std::exception_ptr) {});
  io.run();
  EXPECT_EQ(out->report.refusal, Refusal::too_slow);
  EXPECT_THAT(out->problem, HasSubstr("out of time"));
}

}  // namespace
}  // namespace ms::decoder
