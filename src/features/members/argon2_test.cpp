#include "features/members/argon2.hpp"

#include <gtest/gtest.h>
#include <sodium.h>

namespace ms::members::argon2 {
namespace {

std::string by_libsodium(const std::string& password, const Costs& costs) {
  std::array<char, crypto_pwhash_STRBYTES> out{};
  if (crypto_pwhash_str_alg(out.data(), password.data(), password.size(), costs.passes, costs.memory_kib * 1024,
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    throw std::bad_alloc();
  }
  return out.data();
}

std::string beginning_of(const std::string& hash) { return hash.substr(0, hash.rfind('$')); }

TEST(Argon2, HashesLikeLibsodium) {
  for (const Costs& costs : {Costs(), Costs{8, 1}, Costs{9, 3}, Costs{1000, 1}, Costs{65536, 2}, Costs{4096, 16}}) {
    for (const std::string& password : {std::string("correct horse"), std::string(), std::string("봄날의 개나리 길"),
                                        std::string("a\0b", 3), std::string(500, 'x')}) {
      const auto theirs = by_libsodium(password, costs);
      const auto settings = parse(beginning_of(theirs));
      ASSERT_TRUE(settings) << theirs;
      EXPECT_EQ(settings->costs, costs);
      EXPECT_EQ(hash(password, *settings), theirs);
      EXPECT_NE(hash(password + "x", *settings), theirs);
    }
  }
}

TEST(Argon2, LibsodiumVerifiesNewHashes) {
  const auto first = hash("correct horse", fresh()), second = hash("correct horse", fresh());
  EXPECT_NE(first, second);
  EXPECT_EQ(crypto_pwhash_str_verify(first.c_str(), "correct horse", 13), 0);
  EXPECT_EQ(crypto_pwhash_str_needs_rehash(first.c_str(), 2, std::size_t{19} * 1024 * 1024), 0);
  EXPECT_EQ(parse(beginning_of(first))->costs, Costs());
}

TEST(Argon2, RefusesOtherSettings) {
  const std::string salt = "AAAAAAAAAAAAAAAAAAAAAA";
  EXPECT_TRUE(parse("$argon2id$v=19$m=8,t=1,p=1$" + salt));
  for (const std::string& other :
       {std::string(), "$argon2i$v=19$m=8,t=1,p=1$" + salt, "$argon2id$v=16$m=8,t=1,p=1$" + salt,
        "$argon2id$v=19$m=8,t=1,p=4$" + salt, "$argon2id$v=19$m=08,t=1,p=1$" + salt,
        "$argon2id$v=19$m=7,t=1,p=1$" + salt, "$argon2id$v=19$m=8,t=0,p=1$" + salt,
        "$argon2id$v=19$m=262145,t=1,p=1$" + salt, "$argon2id$v=19$m=8,t=17,p=1$" + salt,
        "$argon2id$v=19$m=99999999999999999999,t=1,p=1$" + salt, "$argon2id$v=19$m=8,t=1,p=1$" + salt.substr(1) + "B",
        "$argon2id$v=19$m=8,t=1,p=1$" + salt + "A", "$argon2id$v=19$m=8,t=1,p=1$" + salt + "$",
        std::string("$2b$10$abcdefghijklmnopqrstuv")}) {
    EXPECT_FALSE(parse(other)) << other;
  }
}

}  // namespace
}  // namespace ms::members::argon2
