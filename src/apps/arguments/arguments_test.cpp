#include "apps/arguments/arguments.hpp"

#include <gmock/gmock.h>

namespace ms::arguments {
namespace {

using testing::HasSubstr;
using testing::Optional;

/// A program with nested commands, options that fall through, an argument, and a repeatable option.
class Arguments : public testing::Test {
 protected:
  Arguments() {
    app.add_option("--config", config);
    app.set_version_flag("--version", "1");
    app.require_subcommand(1);
    app.fallthrough();
    auto* user = app.add_subcommand("user");
    user->require_subcommand(1);
    user->fallthrough();
    auto* role = user->add_subcommand("role");
    role->add_option("EMAIL", email);
    user->add_subcommand("add")->add_option("--email", email);
    auto* backup = app.add_subcommand("backup");
    backup->add_option("--to", config);
    backup->add_option("--files", files);
    backup->add_flag("--quiet");
    app.add_subcommand("check-config");
  }
  std::string error_of(std::vector<std::string> words) { return unknown_word(app, words); }

  CLI::App app{"", "tool"};
  std::string config;
  std::string email;
  std::vector<std::string> files;
};

TEST_F(Arguments, AMisspeltCommandIsNamedWithTheLikelyOne) {
  EXPECT_EQ(error_of({"bakcup"}), "tool has no command \"bakcup\"; did you mean backup?");
  EXPECT_EQ(error_of({"usr", "add"}), "tool has no command \"usr\"; did you mean user?");
  EXPECT_EQ(error_of({"check"}), "tool has no command \"check\"; did you mean check-config?");
  EXPECT_EQ(error_of({"user", "ad"}), "tool user has no command \"ad\"; did you mean add?");
  EXPECT_EQ(error_of({"--config", "x", "user", "rule"}), "tool user has no command \"rule\"; did you mean role?");
}

TEST_F(Arguments, AnUnknownCommandIsNamedWithAllCommands) {
  EXPECT_EQ(error_of({"fly"}), "tool has no command \"fly\"; there are: user, backup, check-config");
  EXPECT_EQ(error_of({"user", "삭제"}), "tool user has no command \"삭제\"; there are: role, add");
}

TEST_F(Arguments, ASubcommandWithoutItsCommandIsExplained) {
  EXPECT_EQ(error_of({"role", "a@b.kr"}), "tool has no command \"role\"; did you mean user role?");
}

TEST_F(Arguments, AMisspeltOptionIsNamedToo) {
  EXPECT_EQ(error_of({"backup", "--ot", "x"}), "tool backup has no option --ot; did you mean --to?");
  EXPECT_EQ(error_of({"--confg=x", "backup"}), "tool has no option --confg; did you mean --config?");
  EXPECT_EQ(error_of({"user", "add", "--conifg", "x"}), "tool user add has no option --conifg; did you mean --config?");
  EXPECT_THAT(error_of({"backup", "--everything"}),
              HasSubstr("tool backup has no option --everything; see tool backup --help"));
}

TEST_F(Arguments, AMissingCommandAndAnExtraWordAreReported) {
  EXPECT_EQ(error_of({}), "tool needs a command: user, backup, check-config");
  EXPECT_EQ(error_of({"user"}), "tool user needs a command: role, add");
  EXPECT_EQ(error_of({"backup", "now"}), "\"now\" is one word too many for tool backup");
  EXPECT_EQ(error_of({"user", "role", "a", "b"}), "\"b\" is one word too many for tool user role");
}

TEST_F(Arguments, AValidCommandLineRuns) {
  EXPECT_EQ(error_of({"backup", "--files", "a", "b", "--quiet", "--to", "-"}), "");
  EXPECT_EQ(error_of({"user", "role", "--config=x", "a@b.kr"}), "");
  EXPECT_EQ(error_of({"user", "role", "--", "--strange"}), "");
}

TEST_F(Arguments, TheExitStatusIsTheResult) {
  const auto run = [this](std::vector<const char*> words) {
    words.insert(words.begin(), "tool");
    return parse(app, static_cast<int>(words.size()), words.data());
  };
  EXPECT_EQ(run({"backup"}), std::nullopt);
  EXPECT_THAT(run({"bakcup"}), Optional(kUsage));
  EXPECT_THAT(run({"--version"}), Optional(0));
  EXPECT_THAT(run({"user", "add", "--help"}), Optional(0));
}

}  // namespace
}  // namespace ms::arguments
