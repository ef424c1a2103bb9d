// Compares the files below schema/ with a database that was made from them.
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "infra/pg/test_database.hpp"

namespace ms::pg {
namespace {

namespace fs = std::filesystem;

using testing::IsEmpty;

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class SchemaFiles : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    TestDatabase::execute(TestDatabase::conninfo(), "create database " + kName);
    up(conninfo(), read_schema(kFolder), [](std::string_view) {});
  }
  static void TearDownTestSuite() {
    TestDatabase::execute(TestDatabase::conninfo(), "drop database " + kName + " with (force)");
  }

  static std::string conninfo() { return TestDatabase::conninfo() + " dbname=" + kName; }
  /// The first column of all rows.
  static std::vector<std::string> column(const std::string& sql) {
    const ConnectionPtr connection = Parameters(conninfo(), "minschool-test").connect_blocking();
    const ResultPtr rows(PQexec(connection.get(), sql.c_str()));
    if (PQresultStatus(rows.get()) != PGRES_TUPLES_OK) throw std::runtime_error(last_error(connection.get()));
    std::vector<std::string> out;
    for (int r = 0; r < PQntuples(rows.get()); ++r) out.emplace_back(PQgetvalue(rows.get(), r, 0));
    return out;
  }

  static inline const std::string kName = "ms_schema_" + std::to_string(getpid());
  static inline const fs::path kFolder = MINSCHOOL_SOURCE_DIR "/schema";
};

TEST_F(SchemaFiles, ContainEachFunctionOfTheDatabaseInOneFile) {
  std::map<std::string, std::string> files;
  for (const Function& function : read_schema(kFolder).functions) files.emplace(function.name, function.sql);
  const auto names = column("select proname from pg_proc where pronamespace = 'public'::regnamespace order by 1");
  const auto bodies = column("select prosrc from pg_proc where pronamespace = 'public'::regnamespace order by proname");
  EXPECT_EQ(names.size(), files.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    ASSERT_TRUE(files.contains(names[i])) << names[i] << " is not in schema/functions";
    EXPECT_TRUE(files[names[i]].contains("$$" + bodies[i] + "$$")) << names[i] << " has another body than its file";
  }
}

TEST_F(SchemaFiles, ContainEachTriggerBesideItsFunction) {
  const auto triggers = column("select tgname from pg_trigger where not tgisinternal order by tgname");
  const auto functions = column(
      "select proname from pg_trigger t join pg_proc p on p.oid = tgfoid where not tgisinternal order by tgname");
  EXPECT_THAT(triggers, testing::Not(IsEmpty()));
  for (std::size_t i = 0; i < triggers.size(); ++i) {
    const std::string file = text_of(kFolder / "functions" / (functions[i] + ".sql"));
    EXPECT_TRUE(std::regex_search(file, std::regex("create or replace trigger " + triggers[i] + "\\s")))
        << triggers[i] << " is not in the file of " << functions[i];
  }
}

TEST_F(SchemaFiles, ContainBodiesThatMatchTheTables) {
  // They are applied with check_function_bodies off, because they name each other.
  for (const Function& function : read_schema(kFolder).functions)
    EXPECT_NO_THROW(TestDatabase::execute(conninfo(), function.sql)) << function.name;
}

TEST_F(SchemaFiles, ContainTheConstraintsThatHaveMessages) {
  const fs::path source = MINSCHOOL_SOURCE_DIR "/src";
  std::set<std::string> keys;
  const std::string texts = text_of(source / "text" / "ko.toml");
  const auto table = texts.find("\n[db]\n");
  ASSERT_NE(table, std::string::npos);
  const std::string ours = texts.substr(table + 6, texts.find("\n[", table + 6) - table - 6);
  const std::regex kEntry("(^|\n)([a-z0-9_]+) *="), kInCode("\"db\\.([a-z0-9_]+)\"");
  for (std::sregex_iterator at(ours.begin(), ours.end(), kEntry), end; at != end; ++at) keys.insert((*at)[2]);
  EXPECT_GT(keys.size(), 5u);
  for (const auto& entry : fs::recursive_directory_iterator(source)) {
    const auto name = entry.path().filename().string();
    if (!name.ends_with(".cpp") && !name.ends_with(".hpp") && !name.ends_with(".html")) continue;
    const std::string text = text_of(entry.path());
    for (std::sregex_iterator at(text.begin(), text.end(), kInCode), end; at != end; ++at) keys.insert((*at)[1]);
  }
  const auto existing = column(
      "select conname from pg_constraint where connamespace = 'public'::regnamespace union "
      "select relname from pg_index join pg_class c on c.oid = indexrelid where indisunique");
  for (const std::string& key : keys) EXPECT_THAT(existing, testing::Contains(key)) << "db." << key;
}

}  // namespace
}  // namespace ms::pg
