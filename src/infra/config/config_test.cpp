#include "infra/config/config.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "infra/config/keys.hpp"
#include "infra/config/proxies.hpp"
#include "infra/storage/open.hpp"

namespace ms::config {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";

class ConfigTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "ms-config-XXXXXX").string();
    dir_ = mkdtemp(pattern.data());
  }
  void TearDown() override {
    for (const auto& name : variables_) unsetenv(name.c_str());
    std::filesystem::remove_all(dir_);
  }
  std::filesystem::path write(const std::string& name, std::string_view text) const {
    std::ofstream(dir_ / name) << text;
    return dir_ / name;
  }
  void set(const std::string& name, const std::string& value) {
    setenv(name.c_str(), value.c_str(), 1);
    variables_.push_back(name);
  }
  /// The error of a configuration with this text; "" when it is valid.
  std::string fault(std::string_view text, Program program = Program::cli) const {
    const auto settings = load(program, write("c.toml", text));
    return settings ? "" : settings.error();
  }

  std::filesystem::path dir_;
  std::vector<std::string> variables_;
};

TEST_F(ConfigTest, KnowsWhereFilesAre) {
  EXPECT_EQ(storage_config(load(Program::cli, write("c.toml", "")).value()).folder, "/var/lib/minschool/files");
  EXPECT_THAT(fault("[storage]\nfolder = \"files\""),
              HasSubstr("(line 2): storage.folder must be a path that begins with /, not \"files\""));
  EXPECT_THAT(fault("[storage]\ns3_bucket = \"files\""),
              HasSubstr("storage.s3_bucket has no use without storage.s3_endpoint"));
  constexpr std::string_view kS3 =
      "[storage]\ns3_endpoint = \"https://s3.example\"\ns3_bucket = \"files\"\ns3_access_key = \"id\"\n";
  EXPECT_THAT(fault(kS3), HasSubstr("storage.s3_secret_key is missing; storage.s3_endpoint needs it"));
  write("s3.secret", "very secret\n");
  const auto s3 =
      storage_config(
          load(Program::cli, write("c.toml", std::string(kS3) + "s3_secret_key_file = \"s3.secret\"")).value())
          .s3;
  EXPECT_EQ(s3.endpoint + " " + s3.region + " " + s3.bucket + " " + s3.access_key,
            "https://s3.example us-east-1 files id");
  EXPECT_EQ(s3.secret_key, "very secret");
  EXPECT_THAT(fault("[storage]\ns3_bucket = \"a/b\""), HasSubstr("storage.s3_bucket must be a bucket's name"));
  set("MINSCHOOL_STORAGE_FOLDER", "/srv/files");
  EXPECT_EQ(storage_config(load(Program::cli, write("c.toml", "")).value()).folder, "/srv/files");
}

TEST_F(ConfigTest, ReadsEveryKindOfValue) {
  const auto settings = load(Program::site, write("c.toml", R"([server]
port = 4000
show_timing = false
[site]
name = "한빛누리센터"
[proxy]
trusted = ["10.0.0.0/8"]
[session]
secret = "0123456789abcdef0123456789abcdef"
)"));
  ASSERT_TRUE(settings) << settings.error();
  EXPECT_EQ(settings->server.port, 4000);
  EXPECT_FALSE(settings->server.show_timing);
  EXPECT_EQ(settings->site.name, "한빛누리센터");
  EXPECT_EQ(settings->proxy.trusted, std::vector<std::string>{"10.0.0.0/8"});
  EXPECT_EQ(settings->session.secret, kSecret);
}

TEST_F(ConfigTest, ASecretMayHaveOlderSecretsInFurtherLines) {
  const std::string older = "fedcba9876543210fedcba9876543210";
  write("secrets", "\n" + std::string(kSecret) + " \r\n\n" + older + "\n");
  auto settings = load(Program::site, write("c.toml", "[session]\nsecret_file = \"secrets\"\n"));
  ASSERT_TRUE(settings) << settings.error();
  EXPECT_EQ(settings->session.secret, kSecret);
  EXPECT_THAT(settings->session.older_secrets, testing::ElementsAre(older));
  EXPECT_THAT(fault("[session]\nsecret = \"" + std::string(kSecret) + "\\nshort\"\n", Program::site),
              HasSubstr("at least 32 characters, not 5"));
  // The environment replaces all lines.
  set("MINSCHOOL_SESSION_SECRET", older);
  settings = load(Program::site, write("c.toml", "[session]\nsecret_file = \"secrets\"\n"));
  ASSERT_TRUE(settings) << settings.error();
  EXPECT_EQ(settings->session.secret, older);
  EXPECT_TRUE(settings->session.older_secrets.empty());
}

TEST_F(ConfigTest, ProgramsHaveTheirOwnDefaults) {
  EXPECT_EQ(defaults(Program::site).server.port, 3000);
  EXPECT_EQ(defaults(Program::admin).server.port, 3001);
  EXPECT_EQ(defaults(Program::site).session.cookie, "connect.sid");
  EXPECT_EQ(defaults(Program::admin).session.cookie, "minschool.admin");
}

TEST_F(ConfigTest, TheEnvironmentWins) {
  set("MINSCHOOL_SERVER_PORT", "4001");
  set("MINSCHOOL_SERVER_SHOW_SERVED_BY", "false");
  set("MINSCHOOL_PROXY_TRUSTED", "10.0.0.0/8, ::1");
  const auto settings = load(Program::cli, write("c.toml", "[server]\nport = 4000\n"));
  ASSERT_TRUE(settings) << settings.error();
  EXPECT_EQ(settings->server.port, 4001);
  EXPECT_FALSE(settings->server.show_served_by);
  EXPECT_THAT(settings->proxy.trusted, testing::ElementsAre("10.0.0.0/8", "::1"));
  set("MINSCHOOL_SERVER_PORT", "many");
  EXPECT_EQ(fault(""), "MINSCHOOL_SERVER_PORT: server.port must be a whole number from 1 to 65535, not \"many\"");
}

TEST_F(ConfigTest, SecretsComeFromFiles) {
  write("secret", std::string(kSecret) + "\n");
  const auto settings = load(Program::site, write("c.toml", "[session]\nsecret_file = \"secret\"\n"));
  ASSERT_TRUE(settings) << settings.error();
  EXPECT_EQ(settings->session.secret, kSecret);
  set("MINSCHOOL_SESSION_SECRET_FILE", (dir_ / "secret").string());
  EXPECT_EQ(fault("", Program::site), "");
}

TEST_F(ConfigTest, ErrorsNameFileLineKeyAndRemedy) {
  const std::string file = (dir_ / "c.toml").string();
  EXPECT_EQ(fault("[proxy]\n\ntrust = 1\n"),
            file + " (line 3): proxy.trust is not a known key; [proxy] has trusted, monitors");
  EXPECT_EQ(fault("[server]\nport = 70000\n"), file + " (line 2): server.port must be from 1 to 65535, not 70000");
  EXPECT_EQ(fault("[server]\nport = \"x\"\n"), file + " (line 2): server.port must be a whole number from 1 to 65535");
  EXPECT_THAT(fault("[servers]\nport = 1\n"), HasSubstr("(line 1): [servers] is not a known section"));
  EXPECT_THAT(fault("server = 1\n"), HasSubstr("is a section"));
  EXPECT_THAT(fault("[server\n"), HasSubstr(" (line 1): not TOML: "));
  EXPECT_THAT(fault("[log]\nlevel = \"loud\"\n"), HasSubstr("must be one of trace, debug"));
  EXPECT_THAT(fault("[site]\nurl = \"http://a.test/\"\n"), HasSubstr("no / at its end"));
  EXPECT_THAT(fault("[proxy]\ntrusted = [\"10.0.0.0/99\"]\n"),
              HasSubstr("\"10.0.0.0/99\" has no prefix length from 0 to 32"));
  EXPECT_THAT(fault("[database]\nurl = \"nonsense\"\n"), HasSubstr("database.url is not a PostgreSQL URI"));
  EXPECT_THAT(fault("", Program::site),
              HasSubstr("session.secret is missing; make a file with `openssl rand -hex 32`"));
  EXPECT_THAT(fault("[session]\nsecret_file = \"gone\"\n"), HasSubstr("which cannot be read"));
  EXPECT_THAT(fault("[database]\npassword = \"a\"\npassword_file = \"b\"\n"), HasSubstr("leave one out"));
  EXPECT_THAT(load(Program::cli, dir_ / "none.toml").error(), HasSubstr("none.toml: cannot be read"));
}

TEST_F(ConfigTest, ErrorsAreOneLineAndNeverShowASecret) {
  write("marked", "\xEF\xBB\xBF" + std::string(kSecret) + "\r\n");
  EXPECT_THAT(fault("[session]\nsecret_file = \"marked\"\n"),
              AllOf(HasSubstr("c.toml (line 2): session.secret_file names"), HasSubstr("marked, which holds U+FEFF")));
  EXPECT_THAT(fault("[session]\nsecret = \"" + std::string(kSecret) + "\u00a0\"\n"),
              HasSubstr("U+00A0, a no-break space"));
  EXPECT_THAT(fault("[redis]\npassword = \"pass\\tword\"\n"), HasSubstr("redis.password holds U+0009, a tab"));
  const auto short_secret = fault("[session]\nsecret = \"swordfish\"\n");
  EXPECT_THAT(short_secret, HasSubstr("at least 32 characters, not 9"));
  EXPECT_THAT(short_secret, Not(HasSubstr("swordfish")));
  EXPECT_THAT(short_secret, Not(HasSubstr("\n")));
  EXPECT_THAT(fault("[database]\nurl = \"nonsense\"\n"), Not(HasSubstr("\n")));
}

TEST_F(ConfigTest, TheExampleIsTheFileInDeployAndLoads) {
  std::ifstream file(std::filesystem::path(MINSCHOOL_SOURCE_DIR) / "deploy/minschool.example.toml");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), example()) << "run `minschool example-config > deploy/minschool.example.toml`";
  set("MINSCHOOL_SESSION_SECRET", std::string(kSecret));
  EXPECT_EQ(fault(example(), Program::site), "");
}

TEST_F(ConfigTest, EveryKeyHasASectionAndASentence) {
  for (const Key& key : keys()) {
    EXPECT_FALSE(section_doc(key.section).empty()) << key.section;
    EXPECT_TRUE(key.doc.ends_with('.')) << key.name;
  }
}

TEST(ConfigParts, ConninfoContainsThePassword) {
  Settings settings;
  settings.database.url = "postgresql://web@db1:5432,db2:5432/school?target_session_attrs=read-write";
  settings.database.password = "it's \\ secret";
  const auto conninfo = pg_config(settings).conninfo;
  EXPECT_THAT(conninfo, HasSubstr("host='db1,db2'"));
  EXPECT_THAT(conninfo, HasSubstr("target_session_attrs='read-write'"));
  EXPECT_THAT(conninfo, HasSubstr("password='it\\'s \\\\ secret'"));
  EXPECT_THAT(conninfo, HasSubstr("application_name='minschool app1'"));
}

TEST(ConfigParts, OnlyTrustedNetworksCount) {
  const auto proxies = TrustedProxies::parse({"127.0.0.0/8", "::1/128", "10.1.2.3", "2001:db8::/33"});
  ASSERT_TRUE(proxies) << proxies.error();
  for (const auto* yes : {"127.0.0.1", "127.255.1.2", "::1", "::ffff:127.0.0.1", "10.1.2.3", "2001:db8:7fff::1"}) {
    EXPECT_TRUE(proxies->contains(yes)) << yes;
  }
  for (const auto* no :
       {"128.0.0.1", "10.1.2.4", "::2", "2001:db8:8000::1", "", "localhost", "127.0.0.1:80", "127.1"}) {
    EXPECT_FALSE(proxies->contains(no)) << no;
  }
  EXPECT_FALSE(TrustedProxies::parse({"10.0.0.0/"}));
  EXPECT_FALSE(TrustedProxies::parse({"10.0.0.0/33"}));
  EXPECT_FALSE(TrustedProxies::parse({"here"}));
  EXPECT_TRUE(TrustedProxies::parse({"0.0.0.0/0"})->contains("8.8.8.8"));
  EXPECT_FALSE(TrustedProxies::parse({"0.0.0.0/0"})->contains("2001:db8::1"));
}

TEST(ConfigParts, TheClientIsTheNearestUntrustedAddress) {
  const auto proxies = TrustedProxies::parse({"127.0.0.0/8", "10.0.0.0/8"}).value();
  EXPECT_EQ(proxies.client("127.0.0.1", "203.0.113.9, 192.0.2.1, 10.0.0.7"), "192.0.2.1");
  EXPECT_EQ(proxies.client("192.0.2.5", "203.0.113.9"), "192.0.2.5");
  EXPECT_EQ(proxies.client("127.0.0.1", ""), "127.0.0.1");
  EXPECT_EQ(proxies.client("127.0.0.1", "10.0.0.1,10.0.0.2"), "10.0.0.1");
  EXPECT_EQ(proxies.client("127.0.0.1", std::string(100, 'x')).size(), 45u);
}

}  // namespace
}  // namespace ms::config
