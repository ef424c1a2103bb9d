#include "infra/http/multipart.hpp"

#include <gmock/gmock.h>

#include "infra/http/form.hpp"

namespace ms::http {
namespace {

using testing::ElementsAre;
using testing::Pair;

/// Records the calls.
class RecordingSink final : public MultipartSink {
 public:
  bool begin_part(const PartHead& head) override {
    heads.push_back(head);
    bodies.emplace_back();
    return true;
  }
  bool part_data(std::string_view bytes) override {
    bodies.back() += bytes;
    return true;
  }
  bool end_part() override {
    ++ended;
    return true;
  }
  std::vector<PartHead> heads;
  std::vector<std::string> bodies;
  std::size_t ended = 0;
};

constexpr std::string_view kBody =
    "preamble\r\n--x y\r\n"
    "Content-Disposition: form-data; name=\"title\"\r\n\r\n소풍 -- x\r\n--x\r\n\r\n--x y \t\r\n"
    "content-disposition:Form-Data; filename=\"C:\\사진\\a.jpg\";name=file;\r\nContent-Type: image/jpeg\r\nX-Other: "
    "1\r\n\r\n"
    "\xFF\xD8\r\n-\r\n--x y\r\n"
    "Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--x y--\r\nepilogue\r\n--x y\r\n";

/// The error, if any, of a body that is pushed in chunks of `size` bytes.
std::optional<MultipartError> read(std::string_view body, RecordingSink& sink, std::size_t size = 1000,
                                   MultipartLimits limits = {}, std::string_view boundary = "x y") {
  MultipartParser parser(boundary, limits, sink);
  for (std::size_t i = 0; i < body.size(); i += size) {
    if (const auto done = parser.push(body.substr(i, size)); !done) return done.error();
  }
  const auto done = parser.finish();
  if (!done) return done.error();
  return std::nullopt;
}
std::optional<MultipartError> error_of(std::string_view body, MultipartLimits limits = {}) {
  RecordingSink sink;
  return read(body, sink, 7, limits);
}
/// A body of one part with these headers.
std::string with_head(const std::string& head) { return "--x y\r\n" + head + "\r\n\r\nv\r\n--x y--"; }
std::optional<PartHead> head_of(const std::string& parameters) {
  RecordingSink sink;
  if (read(with_head("Content-Disposition: form-data" + parameters), sink)) return std::nullopt;
  return sink.heads.front();
}
std::string filename_of(const std::string& sent) {
  const auto head = head_of("; name=a; filename=\"" + sent + "\"");
  return head ? head->filename.value_or("no file") : "refused";
}

TEST(Multipart, PartsDoNotDependOnTheChunks) {
  for (std::size_t size = 1; size <= kBody.size(); ++size) {
    RecordingSink sink;
    ASSERT_EQ(read(kBody, sink, size), std::nullopt) << size;
    EXPECT_THAT(sink.bodies, ElementsAre("소풍 -- x\r\n--x\r\n", "\xFF\xD8\r\n-", "")) << size;
    EXPECT_EQ(sink.ended, 3);
    EXPECT_EQ(sink.heads[0].name, "title");
    EXPECT_EQ(sink.heads[0].filename, std::nullopt);
    EXPECT_EQ(sink.heads[1].name, "file");
    EXPECT_EQ(sink.heads[1].filename, "a.jpg");
    EXPECT_EQ(sink.heads[1].content_type, "image/jpeg");
  }
}

TEST(Multipart, RejectsIncompleteAndMalformedBodies) {
  EXPECT_EQ(error_of(""), MultipartError::malformed);
  EXPECT_EQ(error_of("a=b&c=d"), MultipartError::malformed);
  EXPECT_EQ(error_of(kBody.substr(0, kBody.find("--\r\nepilogue"))), MultipartError::malformed);
  EXPECT_EQ(error_of("--x yz\r\n"), MultipartError::malformed);
  EXPECT_EQ(error_of("--x y" + std::string(65, ' ') + "\r\n"), MultipartError::malformed);
  EXPECT_EQ(error_of("--x y\r\n\r\nno head\r\n--x y--"), MultipartError::malformed);
  EXPECT_EQ(error_of("--x y--"), std::nullopt) << "a form without fields";
  for (const char* head :
       {"Content-Type: text/plain", "Content-Disposition: attachment; name=a", "Content-Disposition: form-data",
        "Content-Disposition: form-data; name=\"a", "Content-Disposition: form-data; name=a; name=b",
        "Content-Disposition: form-data; name=a b", "Content-Disposition: form-data; name=a; filename*=UTF-8''b",
        "Content-Disposition: form-data; name=a; filename=b; filename=c", "Content-Disposition: form-data;\r\n name=a",
        "Content-Disposition: form-data; name=\"\xFF\"",
        "Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b",
        "Content-Disposition : form-data; name=a", "Content-Disposition: form-data; name=\"a\nb\""}) {
    EXPECT_EQ(error_of(with_head(head)), MultipartError::malformed) << head;
  }
}

TEST(Multipart, EnforcesItsLimits) {
  EXPECT_EQ(error_of(kBody, {.parts = 2}), MultipartError::too_many_parts);
  EXPECT_EQ(error_of(kBody, {.parts = 3}), std::nullopt);
  EXPECT_EQ(error_of(kBody, {.part_bytes = 10}), MultipartError::part_too_large);
  EXPECT_EQ(error_of(kBody, {.body_bytes = kBody.size() - 1}), MultipartError::body_too_large);
  EXPECT_EQ(error_of(kBody, {.body_bytes = kBody.size()}), std::nullopt);
  const std::string head = "Content-Disposition: form-data; name=a";
  EXPECT_EQ(error_of(with_head(head), {.head_bytes = head.size()}), std::nullopt);
  EXPECT_EQ(error_of(with_head(head), {.head_bytes = head.size() - 1}), MultipartError::head_too_large);
  EXPECT_EQ(error_of("--x y\r\n" + std::string(10'000, 'a')), MultipartError::head_too_large) << "before its end comes";
}

TEST(Multipart, AFilenameIsNotAPath) {
  EXPECT_EQ(filename_of("가정통신문 3월.hwp"), "가정통신문 3월.hwp");
  EXPECT_EQ(filename_of("\u1100\u1161.txt"), "가.txt") << "macOS writes NFD";
  EXPECT_EQ(filename_of("../../etc/passwd"), "passwd");
  EXPECT_EQ(filename_of("C:\\Users\\a\\b.png"), "b.png");
  EXPECT_EQ(filename_of(".."), "");
  EXPECT_EQ(filename_of(""), "");
  EXPECT_EQ(filename_of("a%22b%0D%0A.txt"), "a\"b.txt") << "as browsers write it";
  EXPECT_EQ(filename_of("a\\\"b.txt"), "a\"b.txt") << "as curl writes it";
  EXPECT_EQ(filename_of("100%.txt"), "100%.txt");
}

TEST(Multipart, TheBoundaryComesFromTheContentType) {
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=----WebKitFormBoundaryx1"), "----WebKitFormBoundaryx1");
  EXPECT_EQ(multipart_boundary("Multipart/Form-Data;charset=utf-8; Boundary=\"a b\""), "a b");
  for (const char* none : {"", "multipart/form-data", "multipart/mixed; boundary=a", "multipart/form-data; boundary=",
                           "multipart/form-data; boundary=\"a \"", "multipart/form-data; boundary=\"a\xC3\xA4\"",
                           "multipart/form-data; boundary=a; boundary=b", "application/x-www-form-urlencoded"}) {
    EXPECT_EQ(multipart_boundary(none), std::nullopt) << none;
  }
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'a')), std::nullopt);
}

std::string field(const std::string& name, const std::string& value) {
  return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}

TEST(MultipartForm, EqualsTheUrlencodedForm) {
  const auto form = Form::parse_multipart("b", field("title", "소풍") + field("content", "a\r\nb & c") + "--b--\r\n");
  ASSERT_TRUE(form);
  EXPECT_THAT(form->pairs(), ElementsAre(Pair("title", "소풍"), Pair("content", "a\nb & c")));
  EXPECT_EQ(form->raw("content"), "a\r\nb & c");
  EXPECT_EQ(form->encoded(), "title=%EC%86%8C%ED%92%8D&content=a%0Ab%20%26%20c");
  EXPECT_EQ(Form::parse(form->encoded())->pairs(), form->pairs());
}

TEST(MultipartForm, RejectsFiles) {
  const std::string head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"";
  const auto nothing_chosen = Form::parse_multipart("b", head + "\"\r\n\r\n\r\n" + field("a", "1") + "--b--");
  ASSERT_TRUE(nothing_chosen);
  EXPECT_THAT(nothing_chosen->pairs(), ElementsAre(Pair("a", "1")));
  EXPECT_EQ(Form::parse_multipart("b", head + "a.png\"\r\n\r\n\r\n--b--").error(), MultipartError::refused_by_sink);
  EXPECT_EQ(Form::parse_multipart("b", head + "\"\r\n\r\nx\r\n--b--").error(), MultipartError::refused_by_sink);
  EXPECT_EQ(Form::parse_multipart("b", field("a", "\xFF") + "--b--").error(), MultipartError::malformed);
  std::string many;
  for (int i = 0; i < 201; ++i) many += field("a", "1");
  EXPECT_EQ(Form::parse_multipart("b", many + "--b--").error(), MultipartError::too_many_parts);
}

}  // namespace
}  // namespace ms::http
