#include "lint.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace viewc {
namespace {

bool has_aria_name(const Tag& tag) { return tag.find("aria-label") || tag.find("aria-labelledby"); }

}  // namespace

bool is_void(std::string_view name) {
  constexpr std::array<std::string_view, 13> kVoid = {"area",  "base", "br",   "col",    "embed", "hr", "img",
                                                      "input", "link", "meta", "source", "track", "wbr"};
  return std::ranges::find(kVoid, name) != kVoid.end();
}

const Attribute* Tag::find(std::string_view attribute) const {
  const auto place = std::ranges::find(attributes, attribute, &Attribute::name);
  return place == attributes.end() ? nullptr : &*place;
}

void Lint::problem(Position at, std::string what, std::string write) {
  problems_.push_back({at, std::move(what), std::move(write)});
}

bool Lint::inside(std::string_view name) const { return std::ranges::find(open_, name, &Element::name) != open_.end(); }

bool Lint::keeps_space() const { return inside("pre") || inside("textarea"); }

void Lint::content() {
  for (Element& element : open_) element.named = true;
}

void Lint::attribute_name(const std::string& name, Position at) {
  if (name.starts_with("on")) {
    problem(at, "event attribute " + name + " is refused by our content security policy",
            "a data-* attribute, and the listener in a script file");
  }
  if (name == "style") problem(at, "style attributes are refused", "a class, and the rule in a style sheet");
}

void Lint::start_tag(const Tag& tag) {
  check_links_and_media(tag);
  check_tables(tag);
  check_field(tag);
  check_id(tag);
  if (is_void(tag.name)) return;
  const bool foreign = inside("svg") || inside("math") || tag.name == "svg";
  if (tag.self_closing && foreign) return;
  if (tag.self_closing) {
    throw SyntaxError(tag.at, "<" + tag.name + "/> does not close in HTML", "<" + tag.name + "></" + tag.name + ">");
  }
  open_.push_back({tag.name, tag.at, has_aria_name(tag), tag.name == "table" && has_aria_name(tag)});
}

void Lint::end_tag(std::string_view name, Position at) {
  const std::string shown = "</" + std::string(name) + ">";
  if (is_void(name)) throw SyntaxError(at, shown + ": this element has no end tag", "nothing here");
  if (open_.size() == blocks_.back().floor) {
    throw SyntaxError(at, shown + " closes nothing that this block opened", "start and end tag in the same block");
  }
  const Element element = open_.back();
  if (element.name != name) {
    throw SyntaxError(
        at, shown + " comes while <" + element.name + "> of line " + std::to_string(element.at.line) + " is open",
        "</" + element.name + "> first");
  }
  open_.pop_back();
  if ((name == "a" || name == "button") && !element.named) {
    problem(element.at, "<" + element.name + "> has no name that a screen reader could say",
            "text inside, or aria-label");
  }
  if (name == "table" && !element.caption) {
    problem(element.at, "<table> has no name", "<caption> inside, or aria-labelledby");
  }
}

void Lint::check_links_and_media(const Tag& tag) {
  if (tag.name == "img") {
    const Attribute* alt = tag.find("alt");
    if (!alt) problem(tag.at, "<img> without alt", "alt=\"what it shows\", or alt=\"\" for decoration");
    if (alt && (alt->dynamic || !alt->value.empty())) content();
  }
  if (tag.name == "html" && !tag.find("lang")) problem(tag.at, "<html> without lang", "<html lang=\"ko\">");
  if (tag.name == "iframe" && !tag.find("title")) problem(tag.at, "<iframe> without title", "title=\"what it shows\"");
  if (tag.name == "script" && !tag.find("src")) {
    problem(tag.at, "inline <script> is refused", "<script src=\"...\" defer></script>");
  }
  const Attribute* target = tag.find("target");
  const Attribute* rel = tag.find("rel");
  if (tag.name == "a" && target && target->value == "_blank" && (!rel || !rel->value.contains("noopener"))) {
    problem(tag.at, "<a target=\"_blank\"> without rel", "rel=\"noopener\"");
  }
  if (const Attribute* tabindex = tag.find("tabindex"); tabindex && !tabindex->dynamic) {
    int value = 0;
    std::from_chars(tabindex->value.data(), tabindex->value.data() + tabindex->value.size(), value);
    if (value > 0)
      problem(tabindex->at, "positive tabindex breaks the focus order", "tabindex=\"0\", or another order");
  }
}

void Lint::check_tables(const Tag& tag) {
  if (tag.name == "th" && !tag.find("scope")) problem(tag.at, "<th> without scope", "scope=\"col\" or scope=\"row\"");
  if (tag.name != "caption") return;
  const auto table = std::find_if(open_.rbegin(), open_.rend(), [](const Element& e) { return e.name == "table"; });
  if (table != open_.rend()) table->caption = true;
}

void Lint::check_field(const Tag& tag) {
  if (const Attribute* target = tag.find("for"); tag.name == "label" && target) labelled_.insert(target->value);
  if (tag.name != "input" && tag.name != "select" && tag.name != "textarea") return;
  const Attribute* type = tag.find("type");
  const bool needs_none = tag.name == "input" && type && !type->dynamic &&
                          (type->value == "hidden" || type->value == "submit" || type->value == "button");
  if (needs_none || has_aria_name(tag) || inside("label")) return;
  const Attribute* id = tag.find("id");
  if (id && id->dynamic) return;
  // The label may follow the field, so the whole view is known first.
  fields_.push_back({id ? id->value : "", tag.name, tag.at});
}

void Lint::check_id(const Tag& tag) {
  const Attribute* id = tag.find("id");
  if (!id || id->dynamic) return;
  const std::string shown = "id \"" + id->value + "\"";
  if (!ids_.insert(id->value).second) problem(id->at, shown + " stands twice in this view", "another id");
  if (std::ranges::any_of(blocks_, &Block::loop)) {
    problem(id->at, shown + " repeats with the loop around it", "id=\"" + id->value + "-{{ ... }}\"");
  }
}

void Lint::begin_block(bool loop) { blocks_.push_back({open_.size(), loop, ids_, ids_}); }

void Lint::next_branch() {
  check_balanced();
  // Only one branch is written, so the same id may stand in each.
  blocks_.back().ids_after.merge(ids_);
  ids_ = blocks_.back().ids_before;
}

void Lint::end_block() {
  check_balanced();
  ids_.merge(blocks_.back().ids_after);
  blocks_.pop_back();
}

void Lint::check_balanced() const {
  if (open_.size() == blocks_.back().floor) return;
  const Element& element = open_.back();
  throw SyntaxError(element.at, "<" + element.name + "> is not closed in its block",
                    "</" + element.name + "> before the block ends");
}

void Lint::end_view() {
  for (const Field& field : fields_) {
    if (!field.id.empty() && labelled_.contains(field.id)) continue;
    const std::string id = field.id.empty() ? "..." : field.id;
    problem(field.at, "<" + field.name + "> without a label",
            "<label for=\"" + id + "\"> in this view with id=\"" + id + "\", or aria-label");
  }
  ids_.clear();
  labelled_.clear();
  fields_.clear();
}

}  // namespace viewc
