#include "features/notifications/kinds.hpp"

#include <gmock/gmock.h>

#include <set>

#include "features/notifications/notifications.hpp"

namespace ms::notifications {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Kinds, HaveTheirOwnNumberAndName) {
  std::set<Kind> numbers;
  std::set<std::string_view> names;
  for (const KindTraits& one : kKinds) {
    EXPECT_GT(static_cast<int>(one.kind), 0) << one.name;
    EXPECT_TRUE(numbers.insert(one.kind).second) << one.name;
    EXPECT_TRUE(names.insert(one.name).second) << one.name;
  }
}

TEST(Kinds, HaveTheirTexts) {
  for (const KindTraits& one : kKinds) {
    for (const Msg text : {one.about_post, one.about_comment, one.setting}) EXPECT_NE(tr(text), text.key) << one.name;
    for (const bool about_comment : {false, true}) {
      const std::string text = words(one.kind, about_comment, "김하늘");
      EXPECT_THAT(text, Not(HasSubstr("{"))) << one.name;
      EXPECT_EQ(text.contains("김하늘"), !one.by_staff) << one.name << ": staff act without a name";
    }
  }
}

TEST(Kinds, AreEachMutedByOneSwitch) {
  std::set<int> bits;
  for (const Kind one : kSwitches) EXPECT_TRUE(bits.insert(mute_bit(one)).second) << name_of(one);
  for (const KindTraits& one : kKinds) EXPECT_TRUE(bits.contains(mute_bit(one.kind))) << one.name;
}

TEST(Kinds, RepeatAsTheirKeySays) {
  EXPECT_EQ(dedup_key(Kind::mention, MemberId{7}), "");
  EXPECT_EQ(dedup_key(Kind::comment, MemberId{7}), "");
  EXPECT_EQ(dedup_key(Kind::like, MemberId{7}), "like:7");
  EXPECT_EQ(dedup_key(Kind::hidden, MemberId{7}), std::nullopt);
}

TEST(Kinds, OfANewerProgramAreShownInGeneralWords) {
  const auto newer = static_cast<Kind>(99);
  EXPECT_EQ(name_of(newer), "unknown");
  EXPECT_FALSE(by_staff(newer));
  EXPECT_EQ(words(newer, true, "김하늘"), "새로운 소식이 있습니다.");
}

}  // namespace
}  // namespace ms::notifications
