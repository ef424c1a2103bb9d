#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

// The hand-written demo/*.toml: people, words and, for each board, kinds of posts.
namespace ms::cli::demo {

using Texts = std::vector<std::string>;

enum class Role { guest, member, staff, admin };

struct Person {
  std::string email;
  std::string name;
  Role role = Role::member;
  bool known_password = false;  ///< can sign in with the password of the demonstration
};

/// Posts of one sort. Texts may hold {word} from words.toml and the dates that demo_story.cpp knows.
struct Kind {
  Texts subject;               ///< one of these
  Texts open, body, close;     ///< one of each makes the post
  std::vector<Texts> threads;  ///< a comment and the replies under it; "@" marks the post's author, "!" the staff
  std::vector<int> months;     ///< only in these; empty: all year
  int times = 0;
  bool by_staff = false;
};

struct BoardPlan {
  std::string slug, name, description;
  Role read = Role::guest, write = Role::member, comment = Role::member;
  bool on_home = true;
  int readers = 0;              ///< views of a typical post
  int pinned = 0;               ///< how many of the newest posts are notices
  double threads_per_post = 1;  ///< comments with their replies, on average
  std::vector<Kind> kinds;
  std::vector<Texts> threads;  ///< fit any post of the board
};

struct Plan {
  std::vector<Person> people;  ///< in the order in which they joined
  std::map<std::string, Texts> words;
  std::vector<BoardPlan> boards;
};

/// Reads people.toml, words.toml and boards/*.toml (in order of their names). Throws Failure naming file and key.
Plan read_plan(const std::filesystem::path& dir);

}  // namespace ms::cli::demo
