#include "infra/web/form_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "infra/web/context.hpp"

namespace ms::web {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Pair;
using Outcome = FormReader::Outcome;

constexpr std::string_view kBoundary = "xyz";

std::string field(std::string_view name, std::string_view value) {
  return "--xyz\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"\r\n\r\n" + std::string(value) +
         "\r\n";
}
std::string file(std::string_view filename, std::string_view bytes) {
  return "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + std::string(filename) +
         "\"\r\nContent-Type: text/plain\r\n\r\n" + std::string(bytes) + "\r\n";
}

/// A body in chunks, which then ends or fails.
class Body final : public http::BodyReader {
 public:
  explicit Body(std::string bytes, std::size_t chunk = SIZE_MAX) : bytes_(std::move(bytes)), chunk_(chunk) {}
  async<std::expected<std::string_view, http::BodyError>> read() override {
    const auto next = std::string_view(bytes_).substr(taken_, chunk_);
    taken_ += next.size();
    if (next.empty() && failure) co_return std::unexpected(*failure);
    co_return next;
  }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }
  std::chrono::nanoseconds waited() const noexcept override { return 0ns; }

  std::optional<http::BodyError> failure;

 private:
  std::string bytes_;
  std::size_t chunk_;
  std::size_t taken_ = 0;
};

/// Keeps files in memory; refuses what is called "bad" and what becomes longer than a limit.
struct Files {
  std::vector<std::pair<std::string, std::string>> complete;
  int abandoned = 0;
  bool database_gone = false;
};
class Receiver final : public FileReceiver {
 public:
  explicit Receiver(Files& files) : files_(files) {}
  async<Result<void>> begin(const http::PartHead& head) override {
    if (head.filename == "bad") co_return fail(ErrorCode::invalid, "error.form_file"_msg);
    name_ = *head.filename;
    bytes_.clear();
    co_return Result<void>();
  }
  async<Result<void>> write(std::string_view bytes) override {
    if (files_.database_gone) throw std::runtime_error("no database");
    bytes_.append(bytes);
    if (bytes_.size() > 100'000) co_return fail(ErrorCode::too_large, "error.form_too_large"_msg);
    co_return Result<void>();
  }
  async<Result<ReceivedFile>> end() override {
    files_.complete.emplace_back(name_, bytes_);
    co_return ReceivedFile{"file", std::to_string(++count_), std::to_string(std::hash<std::string>()(bytes_))};
  }
  async<void> abandon() override {
    ++files_.abandoned;
    co_return;
  }

 private:
  static inline int count_ = 0;
  Files& files_;
  std::string name_;
  std::string bytes_;
};

class FormReaderTest : public testing::Test {
 protected:
  Outcome read(Body body, FormLimits limits = {}) {
    ctx_.emplace(request_, shell_, Call(std::chrono::steady_clock::now(), "id"), session::Viewer(), "127.0.0.1", false,
                 false);
    FormReader reader(*ctx_, with_receiver_ ? std::make_unique<Receiver>(files_) : nullptr, limits);
    asio::io_context io{1};
    auto outcome = asio::co_spawn(io, reader.read(body, kBoundary), asio::use_future);
    io.run();
    return outcome.get();
  }

  http::Request request_ = [] {
    http::Request out;
    out.method = http::Method::post;
    out.fields.push_back({"Content-Type", "multipart/form-data; boundary=xyz"});
    return out;
  }();
  Shell shell_;
  Files files_;
  bool with_receiver_ = true;
  std::optional<Context> ctx_;
};

const std::string kForm =
    field("title", "제목") + file("a.txt", "하나") + file("b.txt", "") + field("content", "글") + "--xyz--\r\n";

TEST_F(FormReaderTest, StoresFilesAndGivesAPairForEachInOrder) {
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20}) {
    files_ = {};
    ASSERT_EQ(read(Body(kForm, chunk)), Outcome::complete);
    EXPECT_THAT(files_.complete, ElementsAre(Pair("a.txt", "하나"), Pair("b.txt", "")));
    const auto form = ctx_->form();
    ASSERT_TRUE(form);
    EXPECT_THAT(form->pairs(), ElementsAre(Pair("title", "제목"), Pair("file", testing::_), Pair("file", testing::_),
                                           Pair("content", "글")));
    EXPECT_TRUE(ctx_->rejected_files.empty());
    EXPECT_GT(ctx_->call.deadline(), std::chrono::steady_clock::now()) << "the handler has time";
  }
  EXPECT_EQ(files_.abandoned, 0);
}

TEST_F(FormReaderTest, RecognisesAFormThatIsSentAgain) {
  read(Body(kForm));
  const std::string first(ctx_->form_fingerprint());
  const std::string id(ctx_->form()->get("file"));
  read(Body(kForm));
  EXPECT_EQ(ctx_->form_fingerprint(), first);
  EXPECT_NE(ctx_->form()->get("file"), id) << "stored anew";
  read(Body(field("title", "제목") + file("a.txt", "둘") + "--xyz--\r\n"));
  EXPECT_NE(ctx_->form_fingerprint(), first);
}

TEST_F(FormReaderTest, ARefusedFileKeepsTheRest) {
  ASSERT_EQ(read(Body(file("bad", "x") + file("long", std::string(300'000, 'x')) + file("good", "y") +
                      field("title", "제목") + "--xyz--\r\n")),
            Outcome::complete);
  EXPECT_THAT(files_.complete, ElementsAre(Pair("good", "y")));
  EXPECT_EQ(files_.abandoned, 1) << "the long one; the bad one was never begun";
  ASSERT_EQ(ctx_->rejected_files.size(), 2u);
  EXPECT_EQ(ctx_->rejected_files[0].filename, "bad");
  EXPECT_EQ(ctx_->rejected_files[1].filename, "long");
  EXPECT_EQ(ctx_->form()->get("title"), "제목");
}

TEST_F(FormReaderTest, AFileInputWithoutAFileGivesNothing) {
  with_receiver_ = false;
  ASSERT_EQ(read(Body(file("", "") + field("title", "제목") + "--xyz--\r\n")), Outcome::complete);
  EXPECT_THAT(ctx_->form()->pairs(), ElementsAre(Pair("title", "제목")));
  EXPECT_EQ(read(Body(kForm)), Outcome::files_refused) << "no receiver";
}

TEST_F(FormReaderTest, AbandonsAFileThatNeverEnds) {
  Body body(kForm.substr(0, kForm.find("b.txt") - 60));
  body.failure = http::BodyError::gone;
  EXPECT_EQ(read(std::move(body)), Outcome::client_failed);
  EXPECT_EQ(files_.abandoned, 1);
  EXPECT_EQ(read(Body(kForm.substr(0, kForm.size() - 10))), Outcome::malformed);
  files_.database_gone = true;
  EXPECT_THROW(read(Body(kForm)), std::runtime_error);
  EXPECT_EQ(files_.abandoned, 2);
}

TEST_F(FormReaderTest, HasLimits) {
  EXPECT_EQ(read(Body(field("title", std::string(1000, 'x')) + "--xyz--\r\n"), {.field_bytes = 999}),
            Outcome::too_large);
  EXPECT_EQ(read(Body(kForm), {.body_bytes = 100}), Outcome::too_large);
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += file("a", "");
  EXPECT_EQ(read(Body(many + "--xyz--\r\n")), Outcome::malformed);
  EXPECT_EQ(read(Body(field("title", "\xff") + "--xyz--\r\n")), Outcome::malformed);
  EXPECT_EQ(read(Body("no form at all")), Outcome::malformed);
}

}  // namespace
}  // namespace ms::web
