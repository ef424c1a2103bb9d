#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "apps/cli/command.hpp"
#include "apps/cli/database.hpp"
#include "apps/cli/password.hpp"
#include "apps/cli/publish.hpp"
#include "apps/cli/user.hpp"
#include "features/members/email.hpp"
#include "features/members/name.hpp"
#include "features/members/weak_password.hpp"
#include "infra/core/secret.hpp"

namespace ms::cli {
namespace {

constexpr std::size_t kMadeUpBytes = 12;
constexpr std::string_view kUniqueViolation = "23505";

struct Password {
  std::string text;
  bool generated = false;
};

Password choose_password(const Member& member) {
  if (!member.password_file.empty()) {
    auto text = read_password(member.password_file);
    if (members::is_weak_password(text, {member.email, member.name})) {
      throw Failure("the password is a common one, or easily guessed; choose another");
    }
    return {std::move(text)};
  }
  return {secret::random_text(kMadeUpBytes), true};
}

/// A generated password is shown once, after it was stored.
void show(const Password& password) {
  if (password.generated) std::cout << "Password (shown only now): " << password.text << '\n';
}

std::string checked_email(const std::string& email) {
  auto normal = members::normal_email(email);
  if (!members::is_email(normal)) throw Failure(fmt::format("\"{}\" is not a mail address", email), kUsage);
  return normal;
}

Failure no_member(const std::string& email) { return Failure(fmt::format("there is no member {}", email)); }

/// The number of a role that members may have.
std::string rank_of(Database& database, const std::string& role) {
  const auto rows = database.query("select rank from roles where name = $1 and rank > 0", {role});
  if (rows.empty()) throw Failure(fmt::format("\"{}\" is not a role; roles are member, staff and admin", role), kUsage);
  return rows[0][0].value();
}

void add(const Options& options, const Member& member) {
  const auto settings = load_settings(options);
  Database database(settings);
  publish_member(settings, add_member(database, member));
}

void change_role(const Options& options, const Member& member) {
  const auto email = checked_email(member.email);
  const auto settings = load_settings(options);
  Database database(settings);
  const auto rank = rank_of(database, member.role);
  Transaction transaction(database);
  const auto rows = database.query("update users set role = $2 where email = $1 returning id", {email, rank});
  if (rows.empty()) throw no_member(email);
  database.query("select ms_raise_session_epoch($1)", rows[0]);
  transaction.commit();
  publish_member(settings, rows[0][0].value());
  std::cout << fmt::format("{} is now {}.\n", email, member.role);
}

void change_password(const Options& options, const Member& member) {
  const auto email = checked_email(member.email);
  const auto settings = load_settings(options);
  Database database(settings);
  if (database.query("select id from users where email = $1", {email}).empty()) throw no_member(email);
  const auto password = choose_password(member);
  const auto hash = hash_password(password.text);
  Transaction transaction(database);
  const auto rows = database.query("update users set password_hash = $2 where email = $1 returning id", {email, hash});
  if (rows.empty()) throw no_member(email);
  database.query("select ms_revoke_sessions($1, '')", rows[0]);
  transaction.commit();
  publish_member(settings, rows[0][0].value());
  std::cout << fmt::format("{} has a new password and is signed out everywhere.\n", email);
  show(password);
}

}  // namespace

Identity checked(const Member& member) {
  const members::Name name(member.name);
  if (!members::check_name(name)) {
    throw Failure(fmt::format("the name must have 1 to {} characters, of which one is a letter, and none that is "
                              "invisible or turns the direction of the text",
                              members::kNameLimit),
                  kUsage);
  }
  return {checked_email(member.email), name.text()};
}

std::string add_member(Database& database, const Member& member) {
  const auto [email, name] = checked(member);
  const auto rank = rank_of(database, member.role);
  const auto password = choose_password(member);
  const auto hash = hash_password(password.text);
  std::string id;
  try {
    id = database
             .query("insert into users (email, password_hash, name, role) values ($1, $2, $3, $4) returning id",
                    {email, hash, name, rank})
             .at(0)
             .at(0)
             .value();
  } catch (const DatabaseError& fault) {
    if (fault.sqlstate() != kUniqueViolation) throw;
    throw Failure(fmt::format("there is already a member {}", email));
  }
  std::cout << fmt::format("Added {} ({}).\n", email, member.role);
  show(password);
  return id;
}

void add_user(CLI::App& app, const Options& options) {
  auto* user = app.add_subcommand("user", "Members: add one, change a role or a password");
  user->require_subcommand(1);
  user->fallthrough();
  const auto member = std::make_shared<Member>();
  const char* password_help = "File whose first line is the password, - for standard input; without it one is made up";

  auto* adding = user->add_subcommand("add", "Adds a member");
  adding->add_option("--email", member->email, "Mail address, with which the member signs in")->required();
  adding->add_option("--name", member->name, "Name as others see it")->required();
  adding->add_option("--role", member->role, "member (default), staff or admin");
  adding->add_option("--password-file", member->password_file, password_help);
  adding->callback([&options, member] { add(options, *member); });

  auto* role = user->add_subcommand("role", "Gives a member another role; takes effect on all servers at once");
  role->add_option("EMAIL", member->email)->required();
  role->add_option("ROLE", member->role, "member, staff or admin")->required();
  role->callback([&options, member] { change_role(options, *member); });

  auto* password =
      user->add_subcommand("password", "Gives a member a new password and ends all of the member's sessions");
  password->add_option("EMAIL", member->email)->required();
  password->add_option("--password-file", member->password_file, password_help);
  password->callback([&options, member] { change_password(options, *member); });
}

}  // namespace ms::cli
