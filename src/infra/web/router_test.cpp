#include "infra/web/router.hpp"

#include <gtest/gtest.h>

#include "infra/web/context.hpp"
#include "infra/web/pipeline.hpp"

namespace ms::web {
namespace {

async<http::Response> answer(int status) { co_return http::Response(status); }

Router routes() {
  Router router;
  router.get("/", [](Context&) { return answer(200); });
  router.get("/boards/{slug}", [](Context&) { return answer(200); });
  router.get("/boards/{slug}/write", [](Context&) { return answer(200); });
  router.post("/boards/{slug}/write", [](Context&) { return answer(200); });
  router.get("/boards/{slug}/{id}", [](Context&) { return answer(200); });
  router.put("/boards/{slug}/{id}/like", [](Context&) { return answer(200); });
  router.del("/boards/{slug}/{id}/like", [](Context&) { return answer(200); });
  return router;
}

std::string_view pattern_of(const Router& router, std::string_view path) {
  return router.pattern(router.match(http::Method::get, path).route.value());
}

TEST(Router, MatchesInOrderOfAddition) {
  const Router router = routes();
  EXPECT_EQ(pattern_of(router, "/boards/free/write"), "/boards/{slug}/write");
  const auto match = router.match(http::Method::get, "/boards/free/12");
  EXPECT_EQ(pattern_of(router, "/boards/free/12"), "/boards/{slug}/{id}");
  EXPECT_EQ(match.params.get("slug"), "free");
  EXPECT_EQ(match.params.number("id"), 12);
  EXPECT_EQ(pattern_of(router, "/"), "/");
}

TEST(Router, DecodesParametersOnce) {
  EXPECT_EQ(routes().match(http::Method::get, "/boards/%EA%B0%80%2525").params.get("slug"), "가%25");
}

TEST(Router, MatchesNoMalformedPaths) {
  const Router router = routes();
  for (const std::string_view path :
       {"/boards/%zz", "/boards/%ff", "/boards/", "/nothing", "/boards/a/b/c", "//", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n"}) {
    EXPECT_EQ(router.match(http::Method::get, path).handler, nullptr) << path;
  }
  EXPECT_EQ(router.match(http::Method::get, "/boards/free/-3").params.number("id"), 0);
  EXPECT_EQ(router.match(http::Method::get, "/boards/free/99999999999999999999").params.number("id"), 0);
}

TEST(Router, ListsTheMethodsOfAPath) {
  const auto match = routes().match(http::Method::del, "/boards/free/write");
  EXPECT_EQ(match.handler, nullptr);
  EXPECT_EQ(match.allow, "GET, HEAD, POST");
  EXPECT_EQ(routes().match(http::Method::post, "/boards/free/7/like").allow, "PUT, DELETE");
  EXPECT_NE(routes().match(http::Method::head, "/boards/free").handler, nullptr);
}

TEST(Router, KnowsWhichBodiesItsHandlersRead) {
  const Handler handler = [](Context&) -> async<http::Response> { co_return http::Response(); };
  Router router;
  router.post("/files/search", handler);
  router.post_streamed("/files/{id}", handler);
  router.patch_streamed("/files/{id}", handler);
  router.post_with_files("/boards/{slug}/write", handler);
  const auto streamed = [&](http::Method method, std::string_view path, std::string_view type = "") {
    http::Request request;
    request.method = method;
    request.path = path;
    request.fields.push_back({"content-type", type});
    return router.is_streamed(request);
  };
  EXPECT_TRUE(streamed(http::Method::patch, "/files/7"));
  EXPECT_TRUE(streamed(http::Method::post, "/files/7"));
  EXPECT_FALSE(streamed(http::Method::post, "/files/search")) << "another route comes first";
  EXPECT_FALSE(streamed(http::Method::put, "/files/7"));
  EXPECT_FALSE(streamed(http::Method::patch, "/files/%ff"));
  EXPECT_TRUE(streamed(http::Method::post, "/boards/free/write", "multipart/form-data; boundary=x"));
  EXPECT_FALSE(streamed(http::Method::post, "/boards/free/write", "multipart/form-data"));
  EXPECT_FALSE(streamed(http::Method::post, "/boards/free/write", "application/x-www-form-urlencoded"));
  EXPECT_EQ(router.match(http::Method::patch, "/files/7").body, BodyMode::streamed);
}

TEST(LocalPath, AcceptsOnlyLocalPaths) {
  EXPECT_EQ(local_path("/boards/free?page=2"), "/boards/free?page=2");
  for (const std::string_view bad :
       {"", "//evil.kr", "https://evil.kr", "/\\evil.kr", "/a\r\nSet-Cookie: x", "javascript:1"}) {
    EXPECT_EQ(local_path(bad), "/") << bad;
  }
}

}  // namespace
}  // namespace ms::web
