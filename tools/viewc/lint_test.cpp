// The rules for people with a screen reader or a keyboard, and the nesting of elements.
#include <gmock/gmock.h>

#include "compile_for_test.hpp"

namespace viewc {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Case {
  const char* html;
  const char* problem;  ///< nullptr: nothing is wrong
};

class LintRules : public testing::TestWithParam<Case> {};

TEST_P(LintRules, NamesTheProblemAndTheRemedy) {
  const std::string result = compiled(GetParam().html);
  if (GetParam().problem) {
    EXPECT_THAT(result, StartsWith(GetParam().problem)) << GetParam().html;
  } else {
    EXPECT_THAT(result, Not(HasSubstr("error:"))) << GetParam().html;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Accessibility, LintRules,
    testing::Values(
        Case{"<img src=\"/a\">", "a.html:2:1: error: <img> without alt. Write: alt="},
        Case{"<img src=\"/a\" alt=\"\">", nullptr}, Case{"<html></html>", "a.html:2:1: error: <html> without lang"},
        Case{"<html lang=\"ko\"></html>", nullptr},
        Case{"<input name=\"q\">", "a.html:2:1: error: <input> without a label. Write: <label for="},
        Case{"<input type=\"hidden\"><input type=\"submit\"><input type=\"button\">", nullptr},
        Case{"<select id=\"a\"></select>", "a.html:2:1: error: <select> without a label"},
        Case{"<textarea></textarea>", "a.html:2:1: error: <textarea> without a label"},
        Case{"<input id=\"q\"><label for=\"q\">x</label>", nullptr},
        Case{"<input id=\"q\"><label for=\"r\">x</label>", "a.html:2:1: error: <input> without a label"},
        Case{"<label>x <input></label>", nullptr}, Case{"<input aria-label=\"{{ x }}\">", nullptr},
        Case{"<input aria-labelledby=\"x\">", nullptr}, Case{"<input id=\"f-{{ x }}\">", nullptr},
        Case{"<button> </button>", "a.html:2:1: error: <button> has no name"},
        Case{"<a href=\"/\"><svg><path d=\"\"/></svg></a>", "a.html:2:1: error: <a> has no name"},
        Case{"<a href=\"/\" aria-label=\"x\"></a>", nullptr}, Case{"<a href=\"/\">{{ x }}</a>", nullptr},
        Case{"<button>{% if x %}{% call y::z() %}{% end %}</button>", nullptr},
        Case{"<a href=\"/\"><img src=\"/a\" alt=\"집\"></a>", nullptr},
        Case{"<a href=\"/\"><img src=\"/a\" alt=\"\"></a>", "a.html:2:1: error: <a> has no name"},
        Case{"<p tabindex=\"2\"></p>", "a.html:2:4: error: positive tabindex"},
        Case{"<p tabindex=\"0\"></p><p tabindex=\"-1\"></p>", nullptr},
        Case{"<p id=\"a\"></p><p id=\"a\"></p>", "a.html:2:18: error: id \"a\" stands twice"},
        Case{"{% if x %}<p id=\"a\"></p>{% else %}<p id=\"a\"></p>{% end %}", nullptr},
        Case{"{% if x %}<p id=\"a\"></p>{% else %}{% end %}<p id=\"a\"></p>", "a.html:2:"},
        Case{"{% for auto x : y %}<p id=\"a\"></p>{% end %}", "a.html:2:24: error: id \"a\" repeats with the loop"},
        Case{"<p onclick=\"x\"></p>", "a.html:2:4: error: event attribute onclick"},
        Case{"<p onclick></p>", "a.html:2:4: error: event attribute onclick"},
        Case{"<p {% if x %}onclick{% end %}></p>", "a.html:2:14: error: event attribute onclick"},
        Case{"<p style=\"x\"></p>", "a.html:2:4: error: style attributes are refused. Write: a class"},
        Case{"<script>1</script>", "a.html:2:1: error: inline <script> is refused. Write: <script src="},
        Case{"<script src=\"/a.js\" defer></script>", nullptr},
        Case{"<a href=\"/\" target=\"_blank\">x</a>", "a.html:2:1: error: <a target=\"_blank\"> without rel"},
        Case{"<a href=\"/\" target=\"_blank\" rel=\"noopener\">x</a>", nullptr},
        Case{"<iframe src=\"/\"></iframe>", "a.html:2:1: error: <iframe> without title"},
        Case{"<table><tr></tr></table>", "a.html:2:1: error: <table> has no name. Write: <caption>"},
        Case{"<table><caption>x</caption></table>", nullptr}, Case{"<table aria-label=\"x\"></table>", nullptr},
        Case{"<th>x</th>", "a.html:2:1: error: <th> without scope. Write: scope="},
        Case{"<th scope=\"row\">x</th>", nullptr}));

INSTANTIATE_TEST_SUITE_P(
    Nesting, LintRules,
    testing::Values(Case{"<p><b></p></b>",
                         "a.html:2:7: error: </p> comes while <b> of line 2 is open. Write: </b> first"},
                    Case{"<p>", "a.html:2:1: error: <p> is not closed in its block. Write: </p>"},
                    Case{"</p>", "a.html:2:1: error: </p> closes nothing that this block opened"},
                    Case{"<p>{% if x %}</p>{% end %}", "a.html:2:14: error: </p> closes nothing"},
                    Case{"{% if x %}<p>{% else %}</p>{% end %}", "a.html:2:11: error: <p> is not closed"},
                    Case{"<br></br>", "a.html:2:5: error: </br>: this element has no end tag"},
                    Case{"<div/>", "a.html:2:1: error: <div/> does not close in HTML. Write: <div></div>"},
                    Case{"<br/><hr><svg><g><path d=\"M0 0\"/></g></svg>", nullptr}, Case{"<DIV></div>", nullptr}));

TEST(Lint, ReportsAllProblemsInOrder) {
  const std::string result = compiled("<th>x</th>\n<img src=\"/\">\n<p>");
  EXPECT_THAT(result, HasSubstr("a.html:2:1: error: <th>"));
  EXPECT_THAT(result, HasSubstr("\na.html:3:1: error: <img>"));
  EXPECT_THAT(result, HasSubstr("\na.html:4:1: error: <p>"));
}

}  // namespace
}  // namespace viewc
