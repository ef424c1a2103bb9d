// The part of HtmlState that follows srcset: several addresses, each with its width or density behind it.
#include "html_state.hpp"

namespace viewc {

using Url = HtmlState::Place::Url;

bool HtmlState::in_srcset() const {
  const std::string& name = tag_.attributes.back().name;
  return name == "srcset" || name == "imagesrcset";
}

// A comma belongs to an address unless white space comes before it (WHATWG HTML 4.8.4.3.10), so none stands in one.
void HtmlState::step_srcset(char c, Position at) {
  if (now_.url == Url::kUnknown) end_srcset(at);
  if (now_.url == Url::kDescriptor) {
    if (c == ',') now_.url = Url::kStart;
    return;
  }
  if (is_space(c)) {
    if (now_.url == Url::kStart) return;
    end_srcset(at);
    now_.url = Url::kDescriptor;
    now_.url_literal.clear();
    return;
  }
  if (c == ',')
    throw SyntaxError(at, "a comma in an address of srcset", "a space and its width before it: /a 480w, ...");
  if (now_.url == Url::kStart) now_.url = Url::kLiteral;
  if (now_.url == Url::kLiteral) now_.url_literal += c;
}

void HtmlState::end_srcset(Position at) {
  const std::string& literal = now_.url_literal;
  const bool path = literal.size() > 1 && literal[0] == '/' && literal[1] != '/' && literal[1] != '\\';
  if (now_.url == Url::kUnknown || (now_.url == Url::kLiteral && !path)) {
    throw SyntaxError(at, "an address of srcset does not begin with a literal local path",
                      "/files/{{ ... }}/card 480w");
  }
}

// What is percent-encoded holds neither white space nor a comma: it stays inside its candidate.
Slot HtmlState::srcset_slot(Position at) {
  if (now_.url == Url::kStart) now_.url = Url::kUnknown;
  end_srcset(at);
  if (now_.url == Url::kLiteral) now_.url = Url::kFixed;
  return Slot::kUrlPart;
}

}  // namespace viewc
