#include "infra/session/stored.hpp"

#include <gtest/gtest.h>

namespace ms::session {
namespace {

TEST(Stored, WritesWhatItReadAsJsonThatEverybodyReads) {
  const auto stored = Stored::parse(R"({"theirs":{"high":1e999,"list":[-1e999,2.5]},"userId":"7"})");
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->text(), R"({"theirs":{"high":null,"list":[null,2.5E0]},"userId":"7"})");
  EXPECT_EQ(stored->user(), UserId{7});
}

}  // namespace
}  // namespace ms::session
