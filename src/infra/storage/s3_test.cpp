#include "infra/storage/s3.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "infra/storage/s3_partials.hpp"

namespace ms::storage {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// tests/support/s3.mjs, one for all tests.
class Server {
 public:
  Server() {
    std::string path = (fs::temp_directory_path() / "ms_s3_XXXXXX").string();
    folder = ::mkdtemp(path.data());
    std::array<int, 2> out{};
    if (::pipe(out.data()) != 0) return;
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(out[1], STDOUT_FILENO);
      ::execlp("node", "node", "--openssl-legacy-provider", MINSCHOOL_SOURCE_DIR "/tests/support/s3.mjs",
               folder.c_str(), nullptr);
      ::_exit(1);
    }
    ::close(out[1]);
    for (char letter = 0; ::read(out[0], &letter, 1) == 1 && letter != '\n';) port += letter;
    ::close(out[0]);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    fs::remove_all(folder);
  }

  fs::path folder;
  std::string port;

 private:
  pid_t child_ = -1;
};

class S3Test : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<Server>(); }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    ASSERT_FALSE(server_->port.empty()) << "node tests/support/s3.mjs does not run";
    fail("none 0");
    for (const Object& one : store.list("", "", SIZE_MAX).value()) ASSERT_TRUE(store.remove(one.key));
    for (const Partial& one : store.partials("", SIZE_MAX).value()) ASSERT_TRUE(store.abandon_partial(one.id, ""));
  }

  static S3Config config(std::chrono::milliseconds time = 30s) {
    return {.endpoint = "http://127.0.0.1:" + server_->port,
            .region = "us-east-1",
            .bucket = "files",
            .access_key = "S3RVER",
            .secret_key = "S3RVER",
            .time = time};
  }
  /// What goes wrong next (tests/support/s3.mjs).
  static void fail(const std::string& fault) { std::ofstream(server_->folder / "fault") << fault; }
  static std::string faults_left() {
    std::ifstream in(server_->folder / "fault");
    std::string kind;
    std::string count;
    in >> kind >> count;
    return count;
  }
  static std::string random_bytes(std::size_t size) {
    std::string out(size, '\0');
    std::uint32_t seed = 1;
    for (char& one : out) one = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
    return out;
  }
  Result<> put(std::string_view key, std::string_view bytes, IfExists there = IfExists::refuse) {
    auto writer = store.put(key, there);
    if (!writer) return std::unexpected(writer.error());
    if (auto written = (*writer)->write(bytes); !written) return written;
    return (*writer)->commit();
  }
  Result<std::string> get(std::string_view key, std::uint64_t offset = 0, std::uint64_t size = UINT64_MAX) {
    std::string out;
    const auto done = store.get(key, offset, size, [&out](std::string_view bytes) {
      out += bytes;
      return true;
    });
    if (!done) return std::unexpected(done.error());
    return out;
  }
  std::vector<std::string> keys(std::string_view prefix = "", std::string_view after = "", std::size_t limit = 100) {
    std::vector<std::string> out;
    const auto found = store.list(prefix, after, limit);
    EXPECT_TRUE(found) << found.error().what;
    for (const Object& one : found.value_or(std::vector<Object>())) out.push_back(one.key);
    return out;
  }
  /// Continues at the handle, writes, and returns how far it came.
  Progress receive(const Progress& from, std::string_view bytes) {
    auto writer = store.continue_partial("u1", from.handle, from.offset).value();
    EXPECT_TRUE(writer->write(bytes));
    return writer->sync().value();
  }

  static std::unique_ptr<Server> server_;
  S3 store{config()};
  S3 impatient{config(2s)};
};
std::unique_ptr<Server> S3Test::server_;

TEST_F(S3Test, ReturnsTheStoredBytes) {
  ASSERT_TRUE(put("files/ab/cd", "0123456789"));
  EXPECT_EQ(get("files/ab/cd"), "0123456789");
  EXPECT_EQ(get("files/ab/cd", 3, 4), "3456");
  EXPECT_EQ(get("files/ab/cd", 8, 100), "89");
  EXPECT_EQ(get("files/ab/cd", 10), "");
  EXPECT_EQ(store.size("files/ab/cd"), 10U);
  EXPECT_EQ(put("files/ab/cd", "other").error().fault, Fault::exists);
  ASSERT_TRUE(put("files/ab/cd", "other", IfExists::replace));
  EXPECT_EQ(get("files/ab/cd"), "other");
  EXPECT_TRUE(store.remove("files/ab/cd"));
  EXPECT_TRUE(store.remove("files/ab/cd")) << "nothing to do";
  EXPECT_EQ(store.exists("files/ab/cd"), false);
  EXPECT_EQ(get("files/ab/cd").error().fault, Fault::not_found);
  EXPECT_EQ(store.size("files/ab/cd").error().fault, Fault::not_found);
  EXPECT_EQ(put("../x", "1").error().fault, Fault::bad_key);
}

TEST_F(S3Test, StoresLargeObjectsInParts) {
  const std::string large = random_bytes(2 * s3::kPartBytes + 1234);
  ASSERT_TRUE(put("large", large));
  EXPECT_EQ(store.size("large"), large.size());
  EXPECT_TRUE(get("large") == large);
  { EXPECT_TRUE(store.put("never", IfExists::refuse).value()->write(large)); }
  EXPECT_EQ(store.exists("never"), false);
}

TEST_F(S3Test, ListsByPrefixInKeyOrder) {
  for (const char* key : {"b/2", "a", "b/1", "b/10", "c/d/e"}) ASSERT_TRUE(put(key, "x")) << key;
  ASSERT_TRUE(store.begin_partial("u1"));
  EXPECT_THAT(keys(), ElementsAre("a", "b/1", "b/10", "b/2", "c/d/e"));
  EXPECT_THAT(keys("b/"), ElementsAre("b/1", "b/10", "b/2"));
  EXPECT_THAT(keys("", "b/1", 2), ElementsAre("b/10", "b/2"));
  EXPECT_THAT(keys("d"), IsEmpty());
}

TEST_F(S3Test, APartialObjectIsReceivedInSessions) {
  const std::string bytes = random_bytes(2 * s3::kPartBytes + 3000);
  Progress progress{0, store.begin_partial("u1").value()};
  EXPECT_EQ(store.partial_size("u1", progress.handle), 0U);
  std::string_view rest = bytes;
  for (const std::size_t size : {1000UL, 5'000'000UL, 400'000UL, 1UL, bytes.size()}) {
    progress = receive(progress, rest.substr(0, size));
    rest.remove_prefix(std::min(size, rest.size()));
    EXPECT_EQ(progress.offset, bytes.size() - rest.size());
    EXPECT_EQ(store.partial_size("u1", progress.handle), progress.offset);
  }
  ASSERT_TRUE(store.complete_partial("u1", progress.handle, "files/aa/whole"));
  EXPECT_TRUE(get("files/aa/whole") == bytes);
  EXPECT_TRUE(store.complete_partial("u1", progress.handle, "files/aa/whole")) << "the first answer was lost";
  EXPECT_THAT(store.partials("", 10).value(), IsEmpty());
  EXPECT_THAT(keys("partial/"), IsEmpty());
}

TEST_F(S3Test, SmallAndEmptyPartialObjects) {
  for (const std::string& bytes : {std::string(), std::string("small")}) {
    const Progress progress = receive({0, store.begin_partial("u1").value()}, bytes);
    ASSERT_TRUE(store.complete_partial("u1", progress.handle, "files/" + std::to_string(bytes.size())));
    EXPECT_EQ(get("files/" + std::to_string(bytes.size())), bytes);
    EXPECT_THAT(store.partials("", 10).value(), IsEmpty());
  }
}

TEST_F(S3Test, ALaterSessionDropsWhatAnEarlierOneWrites) {
  const Progress begin{0, store.begin_partial("u1").value()};
  const Progress first = receive(begin, "1111");
  auto earlier = store.continue_partial("u1", first.handle, 4).value();
  auto later = store.continue_partial("u1", first.handle, 4).value();
  ASSERT_TRUE(earlier->write("ee"));
  ASSERT_TRUE(later->write("llll"));
  ASSERT_TRUE(earlier->sync());
  const auto progress = later->sync();
  ASSERT_TRUE(earlier->write("e"));
  ASSERT_TRUE(earlier->sync());
  ASSERT_TRUE(store.complete_partial("u1", progress->handle, "files/aa"));
  EXPECT_EQ(get("files/aa"), "1111llll");
  EXPECT_EQ(store.continue_partial("u1", first.handle, 5).error().fault, Fault::not_found) << "not this handle's";
}

TEST_F(S3Test, StoresTheSameBytesOnce) {
  ASSERT_TRUE(put("files/aa", "same"));
  const Progress progress = receive({0, store.begin_partial("u1").value()}, "same");
  ASSERT_TRUE(store.complete_partial("u1", progress.handle, "files/aa"));
  EXPECT_EQ(get("files/aa"), "same");
  EXPECT_THAT(store.partials("", 10).value(), IsEmpty());
}

TEST_F(S3Test, AbandonedPartialObjectsAreListedAndRemoved) {
  for (const char* id : {"u1", "u2", "u3"}) ASSERT_TRUE(store.begin_partial(id));
  const auto found = store.partials("u1", 1).value();
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found.front().id, "u2");
  EXPECT_LT(std::chrono::abs(found.front().changed - now()), 1min);
  for (const char* id : {"u1", "u2", "u3", "never"}) EXPECT_TRUE(store.abandon_partial(id, "")) << id;
  EXPECT_THAT(store.partials("", 10).value(), IsEmpty());
}

TEST_F(S3Test, RepeatsWhatFailsForAMoment) {
  for (const char* fault : {"503 2", "reset 1"}) {
    fail(fault);
    ASSERT_TRUE(put("a", fault, IfExists::replace)) << fault;
    EXPECT_EQ(faults_left(), "0");
    fail(fault);
    EXPECT_EQ(get("a"), fault);
  }
  fail("hang 1 GET");  // the whole time of one request
  const auto begun = std::chrono::steady_clock::now();
  const auto late = impatient.get("a", 0, UINT64_MAX, [](std::string_view) { return true; });
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().what, HasSubstr("GET files/a"));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
}

TEST_F(S3Test, ReadsOnWhereABodyWasCutOff) {
  const std::string large = random_bytes(600'000);
  ASSERT_TRUE(put("large", large));
  fail("cut 2 GET");
  EXPECT_TRUE(get("large") == large);
  fail("cut 1 GET");
  EXPECT_TRUE(get("large", 1000, 500'000) == large.substr(1000, 500'000));
  EXPECT_EQ(faults_left(), "0");
}

TEST_F(S3Test, SaysWhyItFails) {
  fail("503 1000");
  const auto begun = std::chrono::steady_clock::now();
  const auto busy = impatient.remove("a");
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().fault, Fault::failed);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
  fail("507 1 PUT");
  const auto full = put("a", "1");
  EXPECT_EQ(full.error().fault, Fault::no_room);
  EXPECT_THAT(full.error().what, HasSubstr("PUT files/a: 507 InsufficientStorage: as told & asked"));
  fail("none 0");
  S3Config wrong = config();
  wrong.secret_key = "wrong";
  ASSERT_TRUE(put("a", "1"));
  const auto refused = S3(wrong).get("a", 0, 1, [](std::string_view) { return true; });
  EXPECT_THAT(refused.error().what, HasSubstr("403"));
  EXPECT_THAT(refused.error().what, testing::Not(HasSubstr("wrong")));
  wrong = config(1s);
  wrong.endpoint = "http://127.0.0.1:1";
  EXPECT_THAT(S3(wrong).size("a").error().what, HasSubstr("connect"));
}

TEST_F(S3Test, AFailedPartIsSentAgain) {
  const std::string bytes = random_bytes(s3::kPartBytes + 10);
  const Progress begin{0, store.begin_partial("u1").value()};
  auto writer = store.continue_partial("u1", begin.handle, 0).value();
  ASSERT_TRUE(writer->write(std::string_view(bytes).substr(0, s3::kPartBytes)));
  fail("507 1 PUT");
  EXPECT_EQ(writer->write("x").error().fault, Fault::no_room);
  ASSERT_TRUE(writer->write(std::string_view(bytes).substr(s3::kPartBytes)));
  const auto progress = writer->sync();
  EXPECT_EQ(progress->offset, bytes.size());
  // Completed, but for a copy whose failure comes after the head of its answer.
  fail("late 1 COPY");
  EXPECT_FALSE(store.complete_partial("u1", progress->handle, "files/aa"));
  fail("none 0");
  ASSERT_TRUE(store.complete_partial("u1", progress->handle, "files/aa"));
  EXPECT_TRUE(get("files/aa") == bytes);
}

TEST_F(S3Test, NginxGetsASignedAddress) {
  ASSERT_TRUE(put("files/ab/cd", "x"));
  const std::string path = store.download_path("files/ab/cd");
  EXPECT_THAT(path, testing::StartsWith("/stored-objects/files/files/ab/cd?X-Amz-Algorithm=AWS4-HMAC-SHA256&"));
  const std::string url = config().endpoint + path.substr(std::string_view("/stored-objects").size());
  EXPECT_EQ(std::system(("curl -sf -o /dev/null '" + url + "'").c_str()), 0);
  EXPECT_NE(std::system(("curl -sf -o /dev/null '" + url + "0'").c_str()), 0);
}

}  // namespace
}  // namespace ms::storage
