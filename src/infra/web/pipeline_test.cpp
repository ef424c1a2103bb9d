// The way of a request through the stages, without Redis: what stops it, and what comes of what is thrown.
#include "infra/web/pipeline.hpp"

#include <gmock/gmock.h>

#include <deque>

#include "infra/http/body_reader.hpp"
#include "infra/pg/test_database.hpp"

namespace ms::web {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new pg::TestDatabase("web"));

struct Observation {
  std::optional<std::size_t> route;
  int status = 0;
  std::chrono::nanoseconds time{};
};

class PipelineTest : public testing::Test {
 protected:
  static void layout(view::Out& out, const view::Page&, view::Body body) { body(out); }

  PipelineTest() {
    router_.get("/", [](Context& ctx) { return page(ctx); });
    router_.get("/boards/{slug}", [](Context& ctx) { return page(ctx); });
    router_.post("/boards/{slug}", [this](Context& ctx) { return count(ctx); });
    router_.patch_streamed("/upload", [this](Context& ctx) { return upload(ctx); });
    router_.post_with_files("/form", [this](Context& ctx) { return form(ctx); });
    add_throwing("/bug", [] { throw std::logic_error("secret of the house"); });
    add_throwing("/api/v1/bug", [] { throw std::logic_error("secret of the house"); });
    add_throwing("/gone", [] { throw pg::Unavailable("no connection", false); });
    add_throwing("/odd", [] { throw 7; });
  }

  static void SetUpTestSuite() { pg::TestDatabase::migrate(); }
  void SetUp() override { ASSERT_TRUE(pg::run(io_, db_.ready(std::chrono::steady_clock::now() + 10s))); }

  static async<http::Response> page(Context& ctx) {
    co_return ctx.page({"제목"}, [](view::Out& out) { out.raw("<p>seite</p>"); });
  }
  async<http::Response> count(Context& ctx) {
    ++writes_;
    co_return ctx.redirect("/");
  }
  async<http::Response> upload(Context& ctx) {
    ++writes_;
    const auto bytes = co_await ctx.request.body_stream->read();
    co_return http::Response::text(200, "text/plain", std::string(bytes.value_or("failed")));
  }
  async<http::Response> form(Context& ctx) {
    ++writes_;
    const auto sent = ctx.form();
    if (!sent) co_return ctx.error_response(sent.error());
    co_return http::Response::text(200, "text/plain", std::string(sent->get("title")));
  }
  template <class F>
  static async<http::Response> thrower(F fail) {
    fail();
    co_return http::Response(200);
  }
  template <class F>
  void add_throwing(std::string_view path, F fail) {
    router_.get(path, [fail](Context&) { return thrower(fail); });
  }

  /// A body whose first chunk is all of it, from a client that needs a minute.
  class Body final : public http::BodyReader {
   public:
    explicit Body(std::string_view bytes) : bytes_(bytes) {}
    async<std::expected<std::string_view, http::BodyError>> read() override { co_return std::exchange(bytes_, ""); }
    std::optional<std::uint64_t> length() const override { return bytes_.size(); }
    std::chrono::nanoseconds waited() const noexcept override { return 60s; }

   private:
    std::string_view bytes_;
  };

  http::Response ask(http::Method method, std::string_view target, std::vector<http::Field> fields = {},
                     http::BodyReader* body = nullptr) {
    http::Request request;
    request.body_stream = body;
    request.method = method;
    request.method_name = http::name_of(method);
    request.target = target;
    request.path = target.substr(0, target.find('?'));
    request.query = request.path.size() < target.size() ? target.substr(request.path.size() + 1) : "";
    request.fields = std::move(fields);
    request.fields.push_back({"Host", "example.kr"});
    request.peer = "127.0.0.1";
    return pg::run(io_, pipeline_.answer(request, 10s));
  }
  http::Response get(std::string_view target) { return ask(http::Method::get, target); }

  asio::io_context io_{1};
  pg::Db db_{io_, pg::Config{.conninfo = pg::TestDatabase::conninfo("minschool_site")}};
  redis::Client redis_{io_, redis::Config{.host = "/nonexistent/redis.sock"}};
  session::Accounts accounts_{db_, [] { return false; }};
  session::Sessions sessions_{
      db_, redis_, accounts_, {.keys = secret::Keyring({"a secret of thirty-two characters"}), .cookie = "sid"}};
  view::Site site_ = [] {
    view::Site out;
    out.name = "민스쿨";
    out.url = "http://example.kr";
    out.admin_url = "http://admin.example.kr";
    return out;
  }();
  Shell shell_{&layout, &site_, "", false, ""};
  Router router_;
  std::optional<http::Response> stopped_;
  bool prepare_fails_ = false;
  std::vector<Observation> seen_;
  int writes_ = 0;
  Pipeline pipeline_{
      router_,
      shell_,
      db_,
      sessions_,
      redis_,
      PipelineConfig{},
      [this](const Context&) { return stopped_; },
      [this](Context&) { return prepare(prepare_fails_); },
      [this](const CompletedRequest& answered) { seen_.push_back({answered.route, answered.status, answered.time}); },
      [](std::string_view) { return purged(); }};

 private:
  static async<void> prepare(bool fails) {
    if (fails) throw std::runtime_error("the menu");
    co_return;
  }
  static async<bool> purged() { co_return true; }
};

TEST_F(PipelineTest, AnExceptionBecomesAPageWithoutItsText) {
  const http::Response bug = get("/bug");
  EXPECT_EQ(bug.status, 500);
  EXPECT_THAT(bug.body, Not(HasSubstr("secret of the house")));
  EXPECT_THAT(bug.head(), HasSubstr("X-Request-Id: "));
  EXPECT_THAT(bug.head(), HasSubstr("Content-Security-Policy: "));
  EXPECT_EQ(get("/odd").status, 500) << "whatever it is";
  EXPECT_EQ(get("/gone").status, 503);
  EXPECT_THAT(get("/gone").head(), HasSubstr("Retry-After: "));
  ASSERT_EQ(seen_.size(), 4u);
  EXPECT_EQ(router_.pattern(seen_[0].route.value()), "/bug");
  EXPECT_EQ(seen_[0].status, 500);
}

TEST_F(PipelineTest, TheApiGetsProblemJson) {
  const http::Response bug = get("/api/v1/bug");
  EXPECT_EQ(bug.status, 500);
  EXPECT_THAT(bug.head(), HasSubstr("application/problem+json"));
  EXPECT_THAT(bug.body, Not(HasSubstr("secret of the house")));
  EXPECT_THAT(get("/api/v1/nothing").head(), HasSubstr("application/problem+json"));
}

TEST_F(PipelineTest, PrepareIsInsideTheExceptionBarrier) {
  prepare_fails_ = true;
  EXPECT_EQ(get("/").status, 500);
}

TEST_F(PipelineTest, AnUnknownPathIsNotFoundAndAWrongMethodIsNotAllowed) {
  EXPECT_EQ(get("/nothing").status, 404);
  const http::Response wrong = ask(http::Method::del, "/boards/free");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_THAT(wrong.head(), HasSubstr("Allow: "));
  const http::Response moved = get("//boards/free/?page=2");
  EXPECT_EQ(moved.status, 308);
  EXPECT_THAT(moved.head(), HasSubstr("Location: /boards/free?page=2"));
  EXPECT_EQ(get("/boards/free").status, 200);
  EXPECT_EQ(seen_[0].route, std::nullopt);
}

TEST_F(PipelineTest, ACrossSiteWriteDoesNotReachItsHandler) {
  EXPECT_EQ(ask(http::Method::post, "/boards/free", {{"Sec-Fetch-Site", "cross-site"}}).status, 403);
  EXPECT_EQ(ask(http::Method::post, "/boards/free", {{"Origin", "http://elsewhere.kr"}}).status, 403);
  EXPECT_EQ(writes_, 0);
  EXPECT_EQ(ask(http::Method::post, "/boards/free", {{"Sec-Fetch-Site", "same-origin"}}).status, 303);
  EXPECT_EQ(ask(http::Method::post, "/boards/free", {{"Origin", "http://example.kr"}}).status, 303);
  EXPECT_EQ(writes_, 2);
  EXPECT_EQ(ask(http::Method::get, "/boards/free", {{"Sec-Fetch-Site", "cross-site"}}).status, 200) << "a link";
}

TEST_F(PipelineTest, TheGateMayStopARequest) {
  stopped_ = http::Response::see_other("/login");
  EXPECT_EQ(get("/boards/free").status, 303);
  EXPECT_EQ(get("/nothing").status, 303) << "before it is said that there is nothing";
  EXPECT_EQ(ask(http::Method::post, "/boards/free", {{"Sec-Fetch-Site", "same-origin"}}).status, 303);
  EXPECT_EQ(writes_, 0);
}

TEST_F(PipelineTest, AStreamedBodyWaitsForAllThatComesBeforeTheHandler) {
  Body body("bytes");
  EXPECT_EQ(ask(http::Method::patch, "/upload", {{"Sec-Fetch-Site", "cross-site"}}, &body).status, 403);
  stopped_ = http::Response::see_other("/login");
  EXPECT_EQ(ask(http::Method::patch, "/upload", {}, &body).status, 303);
  EXPECT_EQ(writes_, 0);
  stopped_.reset();
  const http::Response answer = ask(http::Method::patch, "/upload", {{"Sec-Fetch-Site", "same-origin"}}, &body);
  EXPECT_EQ(answer.body, "bytes") << "and nobody has read any of it";
  EXPECT_LT(seen_.back().time, 1s) << "how long the client takes is not the server's time";
}

TEST_F(PipelineTest, AFormMayBeReadWhileItArrives) {
  constexpr std::string_view kField = "--xyz\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n제목\r\n";
  constexpr std::string_view kFile =
      "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nbytes\r\n";
  const auto send = [this](const std::string& bytes) {
    Body body(bytes);
    return ask(http::Method::post, "/form", {{"Content-Type", "multipart/form-data; boundary=xyz"}}, &body);
  };
  EXPECT_EQ(send(std::string(kField) + "--xyz--").body, "제목");
  EXPECT_EQ(send(std::string(kField) + std::string(kFile) + "--xyz--").status, 422) << "nobody receives files";
  EXPECT_EQ(send(std::string(kField)).status, 400) << "incomplete";
  EXPECT_EQ(writes_, 1);
}

TEST_F(PipelineTest, AValidRequestIdIsKept) {
  const auto id = [this](const std::string& sent) { return ask(http::Method::get, "/", {{"X-Request-Id", sent}}); };
  EXPECT_THAT(id("abc123").head(), HasSubstr("X-Request-Id: abc123\r\n"));
  EXPECT_THAT(id(std::string(65, 'x')).head(), Not(HasSubstr("xxxxx")));
  EXPECT_THAT(id("a\x01").head(), Not(HasSubstr("a\x01")));
}

}  // namespace
}  // namespace ms::web
