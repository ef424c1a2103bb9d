#include "infra/session/session_record.hpp"

#include <gtest/gtest.h>

namespace ms::session {
namespace {

TEST(SessionRecord, WritesValidJsonForEverythingThatItReads) {
  const auto record = SessionRecord::parse(R"({"theirs":{"high":1e999,"list":[-1e999,2.5]},"userId":"7"})");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->text(), R"({"theirs":{"high":null,"list":[null,2.5E0]},"userId":"7"})");
  EXPECT_EQ(record->user(), MemberId{7});
}

}  // namespace
}  // namespace ms::session
