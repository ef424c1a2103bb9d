#include <gmock/gmock.h>

#include "features/members/email.hpp"
#include "features/members/name.hpp"
#include "features/members/weak_password.hpp"

namespace ms::members {
namespace {

std::string error_of(std::string_view name) {
  const auto done = check_name(Name(name));
  return done ? std::string() : std::string(done.error().fields.front().message.key);
}

TEST(Name, HasAVisibleLetter) {
  for (const char* good :
       {"김하늘", "O'Brien", "김하늘 🌸", "ㄱㄴㄷ", "Ｋｉｍ", "王小明", "3반 김하늘", "عبد الله", "J"}) {
    EXPECT_EQ(error_of(good), "") << good;
  }
  for (const char* nothing :
       {"", " ", "\u3164", "\u200b", "\u00a0", "\u3000", "\u2800", "\u2028", "\u0085", "\ufeff"}) {
    EXPECT_EQ(error_of(nothing), "join.name_empty") << nothing;
  }
  for (const char* no_letter : {"123", "...", "😀", "\u0301", "★"})
    EXPECT_EQ(error_of(no_letter), "join.name_letter") << no_letter;
  for (const char* bad :
       {"김\u202e하늘", "\u202e", "김\u2066하늘", "김\ue000", "김\x01하늘", "김\U000e0041", "김\u0378"}) {
    EXPECT_EQ(error_of(bad), "join.name_characters") << bad;
  }
  EXPECT_EQ(error_of("a\u0334\u0334\u0334\u0334\u0334\u0334\u0334"), "join.name_characters");
}

TEST(Name, HasOneNormalForm) {
  EXPECT_EQ(Name("\u1100\u1175\u11b7\u1112\u1161\u1102\u1173\u11af").text(), "김하늘");
  EXPECT_EQ(Name(" 김\u3000 하늘\u200b ").text(), "김 하늘");
  EXPECT_EQ(Name("Ｋｉｍ１").text(), "Kim1");
}

TEST(Name, ReservesTheTitlesOfStaff) {
  for (const char* reserved :
       {"관리자",      "관 리 자",      "관\u3164리자", "관리자님",   "우리반 관리자", "운영자",     "운영진",
        "운영자1",     "admin",         "Admin",        "ａｄｍｉｎ", "аdmin",         "a d m i n",  "admin1",
        "adm1n",       "ADMINISTRATOR", "site admin",   "우리 센터",  "우리센터 공식", "root",       "시스템",
        "관.리.자",    "직원",          "직원 김하늘",  "손님",       "비 회원",       "교장",       "교장님",
        "교장 선생님", "사무실",        "관1리자",      "관(1)리자",  "교장1",         "교장™",      "@dmin",
        "4dmin",       "adm!n",         "＠dmin",       "@dmin!",     "adm1n2",        "$taff",      "5y5tem",
        "r00t",        "m0d",           "@dm1n",        "site 4dmin", "운영",          "공식",       "공식 계정",
        "운영님",      "사이트관리",    "고객센터",     "보건실",     "행정실장",      "행정실장님", "스태프",
        "탈퇴한 회원", "管理者"}) {
    EXPECT_TRUE(is_reserved(reserved, "우리 센터")) << reserved;
  }
  for (const char* free :
       {"김하늘",   "badminton", "배드민턴 관심", "Adam",        "이관리",       "자운영",        "우리",    "센터",
        "Robert",   "modern",    "김운영",        "교장 김하늘", "교장미",       "김하늘 선생님", "손님이",  "공식이",
        "운영이",   "이공식",    "김하늘 2",      "3반 김하늘",  "4dam",         "Adam5",         "Modern7", "김보건",
        "스태프니", "Stafford",  "A$AP",          "행복한 실장", "보건실 지킴이"}) {
    EXPECT_FALSE(is_reserved(free, "우리 센터")) << free;
  }
}

TEST(Name, LooksLikeANameOfStaff) {
  const std::vector<std::string> staff{"이수진", "Kim Scully", "백지원", "이한", "김하늘 2"};
  for (const char* like : {"이수진", "이 수진", "이\u200b수진", "\u110b\u1175\u1109\u116e\u110c\u1175\u11ab", "이.수진",
                           "kim scully", "Кim Scuⅼly", "김하늘 2", "김하늘 2님"}) {
    EXPECT_TRUE(looks_like_one_of(like, staff)) << like;
  }
  for (const char* other : {"이수진 3반", "이수신", "수진", "Kim", "김하늘", "김하늘 3반", "김하늘 3"})
    EXPECT_FALSE(looks_like_one_of(other, staff)) << other;
}

TEST(Name, LooksLikeANameOfStaffWithAnAddition) {
  const std::vector<std::string> staff{"백지원", "Kim Scully", "이한"};
  for (const char* like : {"백지원님",
                           "백지원 선생님",
                           "백지원선생님",
                           "백지원쌤",
                           "백지원 (운영)",
                           "백지원（운영）",
                           "백지원[공식]",
                           "백지원<공식>",
                           "백지원「홍보」",
                           "백지원1",
                           "백지원 2",
                           "백지원①",
                           "백1지원",
                           "백지원™",
                           "백지원ᵀᴹ",
                           "백지원 ★",
                           "백지원 교장",
                           "교장 백지원",
                           "교장선생님 백지원",
                           "(운영) 백지원",
                           "백지원 팀장님",
                           "백지원 행정실장",
                           "보건교사 백지원",
                           "운영 백지원",
                           "이한님",
                           "Kim Scully 님",
                           "Kim Scully 2",
                           "Teacher Kim Scully",
                           "Kim Scully (official)"}) {
    EXPECT_TRUE(looks_like_one_of(like, staff)) << like;
  }
  for (const char* other : {"백지원이", "백지원 3반", "3학년 백지원", "백지원 엄마", "백지원 어머님", "백지원A",
                            "남백지원", "이한샘", "이한결", "백지", "지원", "선생님", "님", "운영", "(운영)",
                            "이한솔 선생님", "Kim Scullyson", "백지원의 친구", "1"}) {
    EXPECT_FALSE(looks_like_one_of(other, staff)) << other;
  }
  EXPECT_FALSE(looks_like_one_of("백지원", {"", "™"}));
}

TEST(Email, HasOneNormalForm) {
  EXPECT_EQ(normal_email(" Kim@Example.KR\u3000"), "kim@example.kr");
  EXPECT_EQ(normal_email("ｋｉｍ＠ｅｘａｍｐｌｅ．ｋｒ"), "kim@example.kr");
  EXPECT_EQ(normal_email("É1@x.kr"), "é1@x.kr");
  EXPECT_EQ(normal_email("E\u0301\x31@x.kr"), "é1@x.kr");
  EXPECT_EQ(normal_email("kim@한글.kr"), "kim@xn--bj0bj06e.kr");
  EXPECT_EQ(normal_email("kim@xn--bj0bj06e.kr"), "kim@xn--bj0bj06e.kr");
  EXPECT_EQ(normal_email("k\u200bim@x.kr"), "kim@x.kr");
}

TEST(Email, FollowsHtmlAndSmtp) {
  for (const char* good : {"o'brien@example.ie", "a+b@c.kr", "a.b@c.co.kr", "é1@x.kr", "홍길동@x.kr",
                           "a!#$%&*/=?^_`{|}~-@b.kr", "1@2.kr"}) {
    EXPECT_TRUE(is_email(normal_email(good))) << good;
  }
  const std::string local(65, 'a');
  for (const std::string& bad :
       {std::string("a@b"), std::string("a b@c.kr"), local + "@b.kr", "a@" + std::string(64, 'b') + ".kr",
        std::string("a@b@c.kr"), std::string("a@[1.2.3.4]"), std::string("a\x7f@b.kr"), std::string("😀@b.kr")}) {
    EXPECT_FALSE(is_email(normal_email(bad))) << bad;
  }
}

TEST(WeakPassword, IsEasilyGuessed) {
  for (const char* weak :
       {"12345678",   "password",    "PASSWORD",         "Password1",    "password1!",     "qwertyuiop",
        "1q2w3e4r",   "qwer1234",    "aaaaaaaa",         "abcabcabc",    "12341234",       "asdfasdf",
        "abcdefgh",   "87654321",    "ｐａｓｓｗｏｒｄ", "비밀번호1234", "qlalfqjsgh12",   "ㅂㅈㄷㄱㅅㅛㅕㅑ",
        "안녕하세요", "사랑해12345", "가가가가가가가가", "kimhaneul1",   "kim@example.kr", "김하늘1234",
        "rlagksmf12", "우리 센터",   "iloveyou"}) {
    EXPECT_TRUE(is_weak_password(weak, {"kim@example.kr", "kimhaneul", "김하늘", "우리 센터"})) << weak;
  }
  for (const char* good : {"correct horse", "minschool-demo", "another-password", "pass-phrase-9", "봄날의 개나리 길",
                           "x7#kQ!29b", "학교 앞 떡볶이 3인분"}) {
    EXPECT_FALSE(is_weak_password(good, {"kim@example.kr", "kim", "김하늘", "우리 센터"})) << good;
  }
}

}  // namespace
}  // namespace ms::members
