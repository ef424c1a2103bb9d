#include "apps/cli/demo_plan.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

#include "apps/cli/command.hpp"

namespace ms::cli::demo {
namespace {

/// One table of a file, and the file's name for errors.
struct Source {
  const toml::table& table;
  std::string file;

  Failure fault(std::string_view key, std::string_view wanted) const {
    return Failure(fmt::format("{} (line {}): {} must be {}", file, table.source().begin.line, key, wanted));
  }
  template <class T>
  T get(std::string_view key) const {
    const auto value = table[key].value<T>();
    if (!value) throw fault(key, "there");
    return *value;
  }
  template <class T>
  T get(std::string_view key, T otherwise) const {
    return table[key].value_or(std::move(otherwise));
  }
  Texts texts(std::string_view key, bool needed = false) const { return list(table[key].as_array(), key, needed); }
  Texts list(const toml::array* items, std::string_view key, bool needed = true) const {
    Texts out;
    if (items != nullptr) {
      for (const auto& item : *items) {
        const auto text = item.value<std::string>();
        if (!text) throw fault(key, "a list of texts");
        out.push_back(*text);
      }
    }
    if (needed && out.empty()) throw fault(key, "a list that is not empty");
    return out;
  }
  std::vector<Texts> threads() const {
    std::vector<Texts> out;
    if (const auto* items = table["threads"].as_array()) {
      for (const auto& item : *items) out.push_back(list(item.as_array(), "threads"));
    }
    return out;
  }
  std::vector<Source> tables(std::string_view key) const {
    std::vector<Source> out;
    if (const auto* items = table[key].as_array()) {
      for (const auto& item : *items) {
        if (!item.is_table()) throw fault(key, "an array of tables");
        out.push_back({*item.as_table(), file});
      }
    }
    if (out.empty()) throw fault(key, "there");
    return out;
  }
  Role role(std::string_view key, std::string_view otherwise) const {
    const auto name = get<std::string>(key, std::string(otherwise));
    if (name == "guest") return Role::guest;
    if (name == "member") return Role::member;
    if (name == "staff") return Role::staff;
    if (name == "admin") return Role::admin;
    throw fault(key, "guest, member, staff or admin");
  }
};

toml::table parse(const std::filesystem::path& path) {
  try {
    return toml::parse_file(path.string());
  } catch (const toml::parse_error& fault) {
    throw Failure(fmt::format("{} (line {}): {}", path.string(), fault.source().begin.line, fault.description()));
  }
}

Person read_person(const Source& source) {
  return {source.get<std::string>("email"), source.get<std::string>("name"), source.role("role", "member"),
          source.get("known_password", false)};
}

Kind read_kind(const Source& source) {
  Kind out;
  out.subject = source.texts("subject", true);
  out.open = source.texts("open");
  out.body = source.texts("body", true);
  out.close = source.texts("close");
  out.threads = source.threads();
  if (const auto* months = source.table["months"].as_array()) {
    for (const auto& month : *months) out.months.push_back(month.value_or(0));
  }
  out.times = source.get<int>("times");
  out.by_staff = source.role("author", "member") == Role::staff;
  return out;
}

BoardPlan read_board(const Source& source) {
  BoardPlan out;
  out.slug = source.get<std::string>("slug");
  out.name = source.get<std::string>("name");
  out.description = source.get<std::string>("description");
  out.read = source.role("read", "guest");
  out.write = source.role("write", "member");
  out.comment = source.role("comment", "member");
  out.on_home = source.get("on_home", true);
  out.readers = source.get<int>("readers");
  out.pinned = source.get("pinned", 0);
  out.threads_per_post = source.get("threads_per_post", 1.0);
  for (const Source& kind : source.tables("kind")) out.kinds.push_back(read_kind(kind));
  out.threads = source.threads();
  return out;
}

}  // namespace

Plan read_plan(const std::filesystem::path& dir) {
  Plan out;
  const auto people_file = dir / "people.toml";
  const toml::table people = parse(people_file);
  for (const Source& person : Source{people, people_file.string()}.tables("person")) {
    out.people.push_back(read_person(person));
  }
  const auto words_file = dir / "words.toml";
  const toml::table words = parse(words_file);
  for (const auto& [name, node] : words) {
    out.words[std::string(name.str())] = Source{words, words_file.string()}.texts(name.str(), true);
  }
  std::vector<std::filesystem::path> files;
  std::error_code fault;
  for (const auto& entry : std::filesystem::directory_iterator(dir / "boards", fault)) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  }
  if (files.empty())
    throw Failure(fmt::format("{}: holds no boards; name the demo folder with --dir", (dir / "boards").string()));
  std::ranges::sort(files);
  for (const auto& file : files) {
    const toml::table board = parse(file);
    out.boards.push_back(read_board({board, file.string()}));
  }
  return out;
}

}  // namespace ms::cli::demo
