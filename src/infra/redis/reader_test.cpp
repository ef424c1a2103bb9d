#include "infra/redis/reader.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

namespace ms::redis {
namespace {

TEST(Reader, ReadsEveryKindWhereverTheBytesAreSplit) {
  const std::string bytes =
      "+OK\r\n$5\r\nh\r\nlo\r\n:-42\r\n$-1\r\n*-1\r\n-ERR no\r\n*3\r\n:1\r\n*2\r\n$1\r\na\r\n$-1\r\n+b\r\n*0\r\n";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Reader reader;
    std::vector<Reply> replies;
    Reply reply;
    for (const auto part : {std::string_view(bytes).substr(0, cut), std::string_view(bytes).substr(cut)}) {
      reader.feed(part);
      while (reader.next(reply)) replies.push_back(std::move(reply));
    }
    ASSERT_EQ(reader.broken(), "");
    ASSERT_EQ(replies.size(), 8u);
    EXPECT_EQ(replies[0].text, "OK");
    EXPECT_EQ(replies[1].text, "h\r\nlo");
    EXPECT_EQ(replies[2].integer, -42);
    EXPECT_TRUE(replies[3].is_nil());
    EXPECT_TRUE(replies[4].is_nil());
    EXPECT_TRUE(replies[5].is_error());
    ASSERT_EQ(replies[6].items.size(), 3u);
    ASSERT_EQ(replies[6].items[1].items.size(), 2u);
    EXPECT_EQ(replies[6].items[1].items[0].text, "a");
    EXPECT_TRUE(replies[6].items[1].items[1].is_nil());
    EXPECT_EQ(replies[6].items[2].text, "b");
    EXPECT_EQ(replies[7].kind, Reply::Kind::list);
  }
}

TEST(Reader, RejectsOtherProtocolsAndHugeLists) {
  for (const char* bytes : {"HTTP/1.1 400\r\n", "*1048577\r\n", "*99999999999\r\n"}) {
    Reader reader;
    Reply reply;
    reader.feed(bytes);
    EXPECT_FALSE(reader.next(reply)) << bytes;
    EXPECT_NE(reader.broken(), "") << bytes;
  }
}

TEST(Reader, ALengthAloneTakesNoMemory) {
  Reader reader;
  const std::size_t before = ::mallinfo2().hblkhd + ::mallinfo2().uordblks;
  for (int depth = 0; depth < 7; ++depth) reader.feed("*1048576\r\n");
  Reply reply;
  EXPECT_FALSE(reader.next(reply));
  EXPECT_EQ(reader.broken(), "");
  EXPECT_LT(::mallinfo2().hblkhd + ::mallinfo2().uordblks, before + (4u << 20));
}

TEST(Reader, ItemsOfALongListSurviveItsGrowth) {
  constexpr int kItems = 5000;
  std::string bytes = "*" + std::to_string(kItems) + "\r\n";
  for (int i = 0; i < kItems; ++i) bytes += "*2\r\n:" + std::to_string(i) + "\r\n$3\r\nabc\r\n";
  Reader reader;
  Reply reply;
  for (std::size_t at = 0; at < bytes.size(); at += 1000) reader.feed(std::string_view(bytes).substr(at, 1000));
  ASSERT_TRUE(reader.next(reply));
  ASSERT_EQ(reply.items.size(), static_cast<std::size_t>(kItems));
  for (int i = 0; i < kItems; ++i) {
    const Reply& item = reply.items[static_cast<std::size_t>(i)];
    ASSERT_EQ(item.items.size(), 2u);
    EXPECT_EQ(item.items[0].integer, i);
    EXPECT_EQ(item.items[1].text, "abc");
  }
}

TEST(Reader, DistinguishesErrorsThatMeanNotNow) {
  const auto error = [](const char* text) {
    Reply reply;
    reply.kind = Reply::Kind::error;
    reply.text = text;
    return reply;
  };
  EXPECT_TRUE(is_unusable(error("LOADING Redis is loading the dataset in memory")));
  EXPECT_TRUE(is_unusable(error("OOM command not allowed")));
  EXPECT_FALSE(is_unusable(error("BUSYKEY Target key name already exists.")));
  EXPECT_FALSE(is_unusable(error("WRONGTYPE Operation against a key")));
  EXPECT_FALSE(is_unusable(Reply()));
}

TEST(Command, WritesBinarySafeResp) {
  EXPECT_EQ(Command("SET", "k\r\n", std::string("v"), "EX", 60).wire(),
            "*5\r\n$3\r\nSET\r\n$3\r\nk\r\n\r\n$1\r\nv\r\n$2\r\nEX\r\n$2\r\n60\r\n");
  const std::vector<std::string> parts{"DEL", "a", ""};
  EXPECT_EQ(Command(parts).wire(), "*3\r\n$3\r\nDEL\r\n$1\r\na\r\n$0\r\n\r\n");
}

}  // namespace
}  // namespace ms::redis
