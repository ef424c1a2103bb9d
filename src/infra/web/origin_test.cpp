#include "infra/web/origin.hpp"

#include <gtest/gtest.h>

namespace ms::web {
namespace {

http::Request write_with(std::vector<http::Field> fields) {
  http::Request request;
  request.method = http::Method::post;
  request.fields = std::move(fields);
  return request;
}

bool allowed(std::string_view host, std::string_view origin, bool secure = false) {
  return same_origin(write_with({{"Host", std::string(host)}, {"Origin", std::string(origin)}}), secure);
}

TEST(SameOrigin, PrefersFetchMetadata) {
  EXPECT_TRUE(same_origin(write_with({{"Sec-Fetch-Site", "same-origin"}, {"Host", "a.kr"}, {"Origin", "https://b.kr"}}),
                          false));
  EXPECT_TRUE(same_origin(write_with({{"Sec-Fetch-Site", "none"}}), false));
  EXPECT_FALSE(
      same_origin(write_with({{"Sec-Fetch-Site", "cross-site"}, {"Host", "a.kr"}, {"Origin", "http://a.kr"}}), false));
  EXPECT_FALSE(same_origin(write_with({{"Sec-Fetch-Site", "same-site"}, {"Host", "a.kr"}}), false));
}

TEST(SameOrigin, ComparesOriginWithHostForOldBrowsers) {
  EXPECT_TRUE(allowed("a.kr", "http://a.kr"));
  EXPECT_TRUE(allowed("a.kr", "https://a.kr", true));
  EXPECT_TRUE(allowed("a.kr:8080", "http://a.kr:8080"));
  EXPECT_FALSE(allowed("a.kr:8080", "http://a.kr:8081"));
  EXPECT_FALSE(allowed("a.kr", "http://a.kr:8081"));
  EXPECT_FALSE(allowed("a.kr", "http://b.kr"));
  EXPECT_FALSE(allowed("a.kr", "http://a.kr.evil.kr"));
  EXPECT_FALSE(allowed("a.kr", "null"));
  EXPECT_FALSE(allowed("a.kr", "a.kr"));
  EXPECT_FALSE(allowed("a.kr", "ftp://a.kr"));
  EXPECT_FALSE(same_origin(write_with({{"Origin", "http://a.kr"}}), false));
  EXPECT_TRUE(same_origin(write_with({{"Host", "a.kr"}}), false));  // not a browser
}

TEST(SameOrigin, ComparesAuthoritiesByRfc9110) {
  EXPECT_TRUE(allowed("a.kr:80", "http://a.kr"));
  EXPECT_TRUE(allowed("a.kr", "http://a.kr:80"));
  EXPECT_TRUE(allowed("a.kr:", "http://a.kr"));
  EXPECT_TRUE(allowed("a.kr:443", "https://a.kr", true));
  EXPECT_FALSE(allowed("a.kr:443", "http://a.kr"));
  EXPECT_FALSE(allowed("a.kr:80", "https://a.kr", true));
  EXPECT_TRUE(allowed("A.KR:8080", "http://a.kr:8080"));
  EXPECT_TRUE(allowed("a.kr", "HTTP://A.kr"));
  EXPECT_TRUE(allowed("[::1]:8080", "http://[::1]:8080"));
  EXPECT_TRUE(allowed("[0:0:0:0:0:0:0:1]", "http://[::1]:80"));
  EXPECT_TRUE(allowed("[2001:DB8::1]", "http://[2001:db8:0::1]"));
  EXPECT_FALSE(allowed("[::1]", "http://[::2]"));
  EXPECT_FALSE(allowed("[::1", "http://[::1"));
  EXPECT_FALSE(allowed("a.kr:99999", "http://a.kr:99999"));
}

TEST(SameOrigin, ComparesTheScheme) {
  EXPECT_FALSE(allowed("a.kr", "https://a.kr", false));
  EXPECT_FALSE(allowed("a.kr", "http://a.kr", true));
  EXPECT_FALSE(allowed("a.kr:8080", "https://a.kr:8080", false));
  // The last hop uses plain HTTP, but the site knows that its address is https.
  const Origin own[] = {*Origin::parse("https://a.kr")};
  const auto write = [](std::string host) { return write_with({{"Host", host}, {"Origin", "https://a.kr"}}); };
  EXPECT_TRUE(same_origin(write("a.kr"), false, own));
  EXPECT_FALSE(same_origin(write("b.kr"), false, own));
}

TEST(SameOrigin, AllowsReads) {
  http::Request request;
  request.fields = {{"Sec-Fetch-Site", "cross-site"}};
  EXPECT_TRUE(same_origin(request, false));
}

}  // namespace
}  // namespace ms::web
