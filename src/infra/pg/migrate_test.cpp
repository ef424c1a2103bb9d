#include "infra/pg/migrate.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <thread>

#include "infra/pg/test_database.hpp"

namespace ms::pg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class Migrate : public testing::Test {
 protected:
  Migrate() {
    std::filesystem::create_directories(folder_ / "migrations");
    std::filesystem::create_directories(folder_ / "functions");
    TestDatabase::execute("drop schema if exists migrated cascade; create schema migrated");
  }
  ~Migrate() override { std::filesystem::remove_all(folder_); }

  void file(const std::string& name, const std::string& text) { std::ofstream(folder_ / "migrations" / name) << text; }
  void function(const std::string& name, const std::string& body) {
    std::ofstream(folder_ / "functions" / (name + ".sql"))
        << "create or replace function " << name << "() returns int language sql as $$ " << body << " $$;";
  }
  int apply() {
    return up(conninfo_, read_schema(folder_), [this](std::string_view line) { log_.emplace_back(line); });
  }
  std::string ask(const std::string& sql) { return TestDatabase::execute(conninfo_, sql); }

  std::filesystem::path folder_ = "/tmp/ms_schema_" + std::to_string(getpid());
  std::string conninfo_ = TestDatabase::conninfo() + " options='-c search_path=migrated'";
  std::vector<std::string> log_;
};

TEST_F(Migrate, AppliesEachOnceInOrder) {
  file("0002_second.sql", "-- contract: Nobody reads b any more.\nalter table first drop column b;\n");
  file("0001_first.sql",
       "-- expand: The first table.\ncreate table first (a int, b int); insert into first values (1, 2);");
  file("README.md", "not a migration");
  EXPECT_TRUE(schema_state(conninfo_).migrations.empty());
  EXPECT_EQ(apply(), 2);
  EXPECT_THAT(log_, ElementsAre("applying 0001_first", "applying 0002_second"));
  EXPECT_EQ(apply(), 0);
  const auto applied = schema_state(conninfo_).migrations;
  ASSERT_EQ(applied.size(), 2u);
  EXPECT_EQ(applied[1].name, "second");
  EXPECT_EQ(applied[1].sha256.size(), 64u);
}

TEST_F(Migrate, RejectsADatabaseThatCannotHoldKorean) {
  file("0001_first.sql", "-- expand: Fine.\ncreate table first (a int);");
  for (const std::string encoding : {"EUC_KR", "SQL_ASCII", "LATIN1"}) {
    const std::string name = "ms_encoding_" + std::to_string(getpid());
    TestDatabase::execute("create database " + name + " template template0 locale 'C' encoding '" + encoding + "'");
    const std::string conninfo = TestDatabase::conninfo() + " dbname=" + name;
    const auto refusal = ThrowsMessage<MigrationError>(
        testing::AllOf(HasSubstr(name + " is in " + encoding), HasSubstr("encoding 'UTF8' locale 'C.UTF-8'")));
    EXPECT_THAT([&] { up(conninfo, read_schema(folder_), [](std::string_view) {}); }, refusal);
    EXPECT_THAT([&] { schema_state(conninfo); }, refusal);
    TestDatabase::execute("drop database " + name + " with (force)");
  }
}

TEST_F(Migrate, ChangesNothingWhenOneFileFails) {
  file("0001_first.sql", "-- expand: Fine.\ncreate table first (a int);");
  file("0002_broken.sql", "-- expand: Broken half way.\ncreate table second (a int); select nowhere;");
  EXPECT_THAT([this] { apply(); }, ThrowsMessage<MigrationError>(HasSubstr("0002_broken.sql: ERROR")));
  EXPECT_TRUE(schema_state(conninfo_).migrations.empty());
  EXPECT_EQ(ask("select to_regclass('first') is null"), "t");
  file("0002_broken.sql", "-- expand: Repaired.\ncreate table second (a int);");
  std::ofstream(folder_ / "functions" / "broken.sql") << "create or replace function broken() returns int nonsense;";
  EXPECT_THAT([this] { apply(); }, ThrowsMessage<MigrationError>(HasSubstr("broken.sql: ERROR")));
  EXPECT_TRUE(schema_state(conninfo_).migrations.empty());
  function("broken", "select count(*)::int from second");
  EXPECT_EQ(apply(), 2);
}

TEST_F(Migrate, ReplacesTheFunctionsThatChanged) {
  file("0001_first.sql", "-- expand: Fine.\ncreate table first (a int);");
  function("a", "select b() + 1");  // may name a later one
  function("b", "select 1");
  apply();
  EXPECT_THAT(log_, ElementsAre("applying 0001_first", "functions: a b"));
  EXPECT_EQ(ask("select a()"), "2");
  function("b", "select 5");
  EXPECT_EQ(outdated_functions(schema_state(conninfo_), read_schema(folder_)), 1u);
  log_.clear();
  EXPECT_EQ(apply(), 0);
  EXPECT_THAT(log_, ElementsAre("functions: b"));
  EXPECT_EQ(ask("select a()"), "6");
  EXPECT_EQ(outdated_functions(schema_state(conninfo_), read_schema(folder_)), 0u);
}

TEST_F(Migrate, RejectsAFunctionWithAnotherNameThanItsFile) {
  function("a", "select 1");
  std::filesystem::rename(folder_ / "functions" / "a.sql", folder_ / "functions" / "b.sql");
  EXPECT_THAT([this] { apply(); }, ThrowsMessage<MigrationError>(HasSubstr("`create or replace function b(`")));
}

TEST_F(Migrate, MigratesADatabaseFromBeforeTheFirstReleaseToTheBaseline) {
  ask("create table schema_migrations (number int primary key, name text not null, sha256 text not null, "
      "applied_at timestamptz not null default now()); create table once (a int); insert into once values (7); "
      "insert into schema_migrations values (1, 'foundation', ''), (20, 'passwords', '')");
  file("0001_baseline.sql", "-- expand: Fine.\ncreate table keys (a int);");
  std::ofstream(folder_ / "unreleased.sql") << "alter table once rename to keys; delete from schema_migrations;";
  EXPECT_THAT([this] { apply(); }, ThrowsMessage<MigrationError>(HasSubstr("bring it to the last of them")));
  ask("insert into schema_migrations values (21, 'name_search', '')");
  EXPECT_EQ(apply(), 0);
  EXPECT_EQ(ask("select a from keys"), "7");
  const auto applied = schema_state(conninfo_).migrations;
  ASSERT_EQ(applied.size(), 1u);
  EXPECT_EQ(applied[0].name, "baseline");
  EXPECT_EQ(apply(), 0);
}

TEST_F(Migrate, RejectsAFileThatChangedAfterItWasApplied) {
  file("0001_first.sql", "-- expand: Fine.\ncreate table first (a int);");
  apply();
  file("0001_first.sql", "-- expand: Fine.\ncreate table first (a bigint);");
  EXPECT_THAT([this] { apply(); }, ThrowsMessage<MigrationError>(HasSubstr("0001_first.sql was changed after")));
}

TEST_F(Migrate, RejectsAFileThatEndsItsTransaction) {
  file("0001_first.sql", "-- expand: Not fine.\ncreate table first (a int); commit;");
  EXPECT_THAT([this] { apply(); }, ThrowsMessage<MigrationError>(HasSubstr("BEGIN and COMMIT are ours")));
}

TEST_F(Migrate, KeepsTheFunctionsOfANewerProgram) {
  file("0001_first.sql", "-- expand: Fine.\ncreate table first (a int);");
  file("0002_second.sql", "-- expand: Fine.\ncreate table second (a int);");
  apply();
  function("a", "select 1");
  std::filesystem::remove(folder_ / "migrations" / "0002_second.sql");
  EXPECT_EQ(apply(), 0);
  EXPECT_TRUE(schema_state(conninfo_).functions.empty()) << "the newer program's functions stay";
}

TEST_F(Migrate, ServersThatStartTogetherWaitForEachOther) {
  file("0001_first.sql", "-- expand: Slow.\ncreate table first (a int); select pg_sleep(0.2);");
  const auto schema = read_schema(folder_);
  int other = 0;
  std::thread thread([&] { other = up(conninfo_, schema, [](std::string_view) {}); });
  const int first = up(conninfo_, schema, [](std::string_view) {});
  thread.join();
  EXPECT_EQ(first + other, 1);
}

TEST_F(Migrate, RejectsFilesThatAreNotInOrder) {
  file("0001_first.sql", "-- expand: Fine.\n");
  file("0003_third.sql", "-- expand: Fine.\n");
  EXPECT_THAT([this] { apply(); }, ThrowsMessage<MigrationError>(HasSubstr("0002 is missing")));
  file("0001_again.sql", "-- expand: Fine.\n");
  EXPECT_THAT([this] { apply(); }, ThrowsMessage<MigrationError>(HasSubstr("0001 is used twice")));
  file("4_bad.sql", "-- expand: Fine.\n");
  std::filesystem::remove(folder_ / "migrations" / "0001_again.sql");
  std::filesystem::remove(folder_ / "migrations" / "0003_third.sql");
  EXPECT_THAT([this] { apply(); }, ThrowsMessage<MigrationError>(HasSubstr("must be like 0002_members.sql")));
}

TEST_F(Migrate, RequiresThePurposeOfAMigration) {
  file("0001_first.sql", "create table first (a int);");
  EXPECT_THAT([this] { apply(); }, ThrowsMessage<MigrationError>(HasSubstr("the first line must be")));
  file("0001_first.sql", "-- expand: \ncreate table first (a int);");
  EXPECT_THAT([this] { apply(); }, ThrowsMessage<MigrationError>(HasSubstr("the first line must be")));
}

}  // namespace
}  // namespace ms::pg
