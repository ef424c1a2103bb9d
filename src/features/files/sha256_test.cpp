#include "features/files/sha256.hpp"

#include <gtest/gtest.h>

namespace ms::files {
namespace {

constexpr std::string_view kOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view kOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";  // FIPS 180-2

std::string hash_of(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.hex();
}

TEST(Sha256, HashesKnownTexts) {
  EXPECT_EQ(hash_of(""), kOfNothing);
  EXPECT_EQ(hash_of("abc"), kOfAbc);
  EXPECT_EQ(hash_of(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, MayBeAskedMeanwhile) {
  Sha256 hash;
  EXPECT_EQ(hash.hex(), kOfNothing);
  hash.update("a");
  hash.hex();
  hash.update("bc");
  EXPECT_EQ(hash.hex(), kOfAbc);
}

TEST(Sha256, ContinuesElsewhereAtAnyPlace) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 7);
  for (std::size_t first = 0; first <= text.size(); ++first) {
    Sha256 begun;
    begun.update(std::string_view(text).substr(0, first));
    const std::string state = begun.state();
    EXPECT_LE(state.size(), 220u);
    auto hash = Sha256::resume(state);
    ASSERT_TRUE(hash) << first;
    EXPECT_EQ(hash->state(), state);
    hash->update(std::string_view(text).substr(first));
    EXPECT_EQ(hash->hex(), hash_of(text)) << first;
  }
}

TEST(Sha256, RefusesOtherStates) {
  Sha256 hash;
  hash.update("abc");
  const std::string state = hash.state();
  for (const std::string& bad :
       {std::string(), state.substr(2), state + "00", state.substr(0, state.size() - 1), "x" + state.substr(1),
        state.substr(0, state.size() - 1) + "g", std::string(1000, '0')}) {
    EXPECT_FALSE(Sha256::resume(bad)) << bad;
  }
}

}  // namespace
}  // namespace ms::files
