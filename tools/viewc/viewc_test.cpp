#include <gmock/gmock.h>

#include "compile_for_test.hpp"
#include "lexer.hpp"
#include "sample/page.html.hpp"

namespace viewc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

struct Case {
  const char* html;
  const char* expected;
};

class Contexts : public testing::TestWithParam<Case> {};
TEST_P(Contexts, ChooseTheEscaping) {
  EXPECT_THAT(compiled(GetParam().html), HasSubstr(GetParam().expected)) << GetParam().html;
}

INSTANTIATE_TEST_SUITE_P(
    Html, Contexts,
    testing::Values(
        Case{"<p>{{ x }}</p>", "out.text(x);"}, Case{"<title>{{ x }}</title>", "out.plain(x);"},
        Case{"<textarea aria-label=\"a\">{{ x }}</textarea>", "out.plain(x);"},
        Case{"<p class=\"{{ x }}\"></p>", "out.plain(x);"}, Case{"<p class='a {{ x }}'></p>", "out.plain(x);"},
        Case{"<a href=\"{{ x }}\">a</a>", "out.url(x);"}, Case{"<form action=\"{{ x }}\"></form>", "out.url(x);"},
        Case{"<button formaction=\"{{ x }}\">a</button>", "out.url(x);"},
        Case{"<img alt=\"\" src=\"{{ x }}\">", "out.url(x);"},
        Case{"<video poster=\"{{ x }}\"></video>", "out.url(x);"}, Case{"<q cite=\"{{ x }}\"></q>", "out.url(x);"},
        Case{"<object data=\"{{ x }}\"></object>", "out.url(x);"},
        Case{"<img alt=\"\" src=\"{{ assets::a_svg }}\">", "out.raw(assets::a_svg);"},
        Case{"<img alt=\"\" src=\"{{ assets::of(x) }}\">", "out.url(assets::of(x));"},
        Case{"<a href=\"/b/{{ x }}\">a</a>", "out.url_part(x);"},
        Case{"<a href=\"/{{ x }}\">a</a>", "out.url_part(x);"},
        Case{"<a href=\"?q={{ x }}\">a</a>", "out.url_part(x);"},
        Case{"<a href=\"#c{{ x }}\">a</a>", "out.url_part(x);"},
        Case{"<a href=\"mailto:{{ x }}\">a</a>", "out.url_part(x);"},
        Case{"<a href=\"https://a.kr/{{ x }}\">a</a>", "out.url_part(x);"},
        Case{"<a href=\"{{ y }}?q={{ x }}\">a</a>", "out.url_part(x);"},
        Case{"<a href=\"{% if y %}/a{% else %}/b{% end %}?q={{ x }}\">a</a>", "out.url_part(x);"},
        Case{"<a href=\"/a{% if y %}?q={{ x }}{% end %}\">a</a>", "out.url_part(x);"},
        Case{"<p {% if y %}title=\"{{ x }}\"{% end %}>{{ z }}</p>", "out.text(z);"},
        Case{"<!-- a --><p>{{ x }}</p>", "out.text(x);"}, Case{"<title>a</title>{{ x }}", "out.text(x);"},
        Case{"{{ f(\"}}\", '}', S{{1}}) }}", "out.text(f(\"}}\", '}', S{{1}}));"}));

INSTANTIATE_TEST_SUITE_P(
    Statements, Contexts,
    testing::Values(Case{"{% if a == \"%}\" %}x{% elif b %}y{% else %}z{% end %}", "if (a == \"%}\") {"},
                    Case{"{% if a %}x{% elif b %}y{% else %}z{% end %}", "} else if (b) {"},
                    Case{"{% if a %}x{% else %}z{% end %}", "} else {"},
                    Case{"{% for const auto& x : y %}{{ x }}{% end %}", "for (const auto& x : y) {"},
                    Case{"{% let x = f(1) %}", "const auto& x = f(1);"},
                    Case{"{% call y::z(1, 2) %}", "y::z(out, 1, 2);"}, Case{"{% call body() %}", "body(out);"},
                    Case{"{% wrap y::z(1) %}{{ x }}{% end %}", "out_1.text(x);"},
                    Case{"{% wrap y::z(1) %}{% call body() %}{% end %}{{ x }}", "out.text(x);"},
                    Case{"\n\n{{ x }}", "#line 4 \"a.html\"\nout.text(x);"},
                    Case{"<p>a\n   b</p>\n\n\n<p>", "a.html:6:1: error: <p> is not closed"},
                    Case{"<p>a\n \n  b  c</p>", "\"<p>a\\nb  c</p>\""},
                    Case{"<pre>a\n  b</pre>", "\"<pre>a\\n  b</pre>\""}, Case{"{# <p> #}x", "\"x\""},
                    Case{"<input {% if x %}checked{% end %} type=\"hidden\">", "if (x) {"}));

INSTANTIATE_TEST_SUITE_P(Texts, Contexts,
                         testing::Values(Case{"{{ t.login.title }}", "\"&lt;로그인&gt;\""},
                                         Case{"<p title=\"{{ t.login.title }}\"></p>", "&lt;로그인&gt;"},
                                         Case{"<p title=\"{{ t.comments.count n=x }}\"></p>", "out.plain(x);"},
                                         Case{"{{ t.comments.count n=f(a, b =c) + 1 }}", "out.text(f(a, b =c) + 1);"},
                                         Case{"{{ t.a.b.c }}", "\"x\""}));

INSTANTIATE_TEST_SUITE_P(
    Srcset, Contexts,
    testing::Values(Case{"<img alt=\"\" srcset=\"/f/{{ x }}/card 480w\">", "out.url_part(x);"},
                    Case{"<img alt=\"\" srcset=\"/f/a 480w, /f/{{ x }} 2x\">", "out.url_part(x);"},
                    Case{"<img alt=\"\" srcset=\"/f/a {{ x }}w, /f/b {{ y }}w\">", "out.url_part(y);"},
                    Case{"<img alt=\"\" srcset=\"/f/a 480w{% if y %}, /f/{{ x }} 960w{% end %}\">", "out.url_part(x);"},
                    Case{"<img alt=\"\" srcset=\"{% if y %}/f/{{ x }} 480w,{% end %} /g 960w\">", "out.url_part(x);"},
                    Case{"<source srcset=\"/f/{{ x }}/a/{{ y }}\">", "out.url_part(y);"},
                    Case{"<img alt=\"\" srcset=\"/f/{{ x }} 1x\" src=\"{{ y }}\">", "out.url(y);"}));

class Errors : public testing::TestWithParam<Case> {};
TEST_P(Errors, NameThePlaceAndTheRemedy) {
  const std::string expected = GetParam().expected;
  const std::size_t write = expected.find("..");
  EXPECT_THAT(compiled(GetParam().html), StartsWith("a.html:2:" + expected.substr(0, write))) << GetParam().html;
  if (write != std::string::npos) {
    EXPECT_THAT(compiled(GetParam().html), HasSubstr(". Write: " + expected.substr(write + 2))) << GetParam().html;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Expressions, Errors,
    testing::Values(Case{"<script src=\"/\">{{ x }}</script>", "17: error: an expression inside <script>..data-...="},
                    Case{"<style>{{ x }}</style>", "8: error: an expression inside <style>..a class"},
                    Case{"<!-- {{ x }} -->", "6: error: an expression in an HTML comment..{# comment #}"},
                    Case{"<{{ x }}>", "2: error: an expression in a tag name..&lt;"},
                    Case{"<p{{ x }}>", "3: error: an expression in a tag name"},
                    Case{"</{{ x }}>", "3: error: an expression in a tag name"},
                    Case{"<p {{ x }}>", "4: error: an expression as an attribute name..name=\"{{ expr }}\""},
                    Case{"<p a{{ x }}>", "5: error: an expression as an attribute name"},
                    Case{"<p a {{ x }}>", "6: error: an expression as an attribute name"},
                    Case{"<p a=\"\"{{ x }}>", "8: error: an expression as an attribute name"},
                    Case{"<p a={{ x }}>",
                         "6: error: an expression in an unquoted attribute value..name=\"{{ expr }}\""},
                    Case{"<p a=b{{ x }}>", "7: error: an expression in an unquoted"},
                    Case{"<p onclick=\"{{ x }}\">", "4: error: event attribute onclick..data-"},
                    Case{"<p style=\"{{ x }}\">", "4: error: style attributes..a class"},
                    Case{"<iframe srcdoc=\"{{ x }}\">", "17: error: an expression in srcdoc..src="}));

INSTANTIATE_TEST_SUITE_P(
    Urls, Errors,
    testing::Values(
        Case{"<a href=\"java{{ x }}\">", "14: error: what stands before this expression..a literal that begins"},
        Case{"<a href=\"//{{ x }}\">", "12: error: what stands before this expression"},
        Case{"<a href=\"{% if y %}/a{% end %}{{ x }}\">", "31: error: what stands before this expression"},
        Case{"<a href=\"/{{ x }}/{{ y }}\">", "18: error: an empty value would make //..a literal first part"},
        Case{"<a href=\"javascript:x\">a</a>", "22: error: URL scheme \"javascript:\" is refused"},
        Case{"<img alt=\"\" src=\"data:x\">", "24: error: URL scheme \"data:\" is refused"},
        Case{"<a href=\"{{ t.login.title }}\">", "10: error: a text of the catalogue in a URL..a literal URL"}));

INSTANTIATE_TEST_SUITE_P(
    Srcset, Errors,
    testing::Values(
        Case{"<img srcset=\"{{ x }}\">", "14: error: an address of srcset does not begin with../files/"},
        Case{"<img srcset=\"/a 1x, {{ x }} 2x\">", "21: error: an address of srcset does not begin with"},
        Case{"<img srcset=\"/{{ x }} 2x\">", "15: error: an address of srcset does not begin with"},
        Case{"<img srcset=\"//{{ x }} 2x\">", "16: error: an address of srcset does not begin with"},
        Case{"<img srcset=\"/\\{{ x }} 2x\">", "16: error: an address of srcset does not begin with"},
        Case{"<img srcset=\"https://a.kr/{{ x }} 2x\">", "27: error: an address of srcset does not begin with"},
        Case{"<img srcset=\"a{{ x }} 2x\">", "15: error: an address of srcset does not begin with"},
        Case{"<img srcset=\"data:x 2x\">", "20: error: an address of srcset does not begin with"},
        Case{"<img srcset=\"//a.kr/b\">", "22: error: an address of srcset does not begin with"},
        Case{"<img srcset=\"/a,{{ x }} 2x\">", "16: error: a comma in an address of srcset"},
        Case{"<img srcset=\"/a{% if y %} 1x{% end %}, {{ x }}\">", "38: error: an address of srcset does not begin"},
        Case{"<img srcset=\"/a {% if y %}1x, {% end %}{{ x }}\">", "40: error: an address of srcset does not begin"},
        Case{"<img srcset=\"/f/{{ t.login.title }} 2x\">", "17: error: a text of the catalogue in a URL"}));

INSTANTIATE_TEST_SUITE_P(
    Texts, Errors,
    testing::Values(
        Case{"{{ t.login.tilte }}", "1: error: no text has the key login.tilte..{{ t.login.title }}"},
        Case{"{{ t.comments.count }}", "1: error: the text comments.count needs {n}..{{ t.comments.count n="},
        Case{"{{ t.comments.count n=1 m=2 }}", "1: error: the text comments.count has no {m}..it without m="},
        Case{"{{ t.login.title x }}", "1: error: \"x\" names no placeholder..name=expression"},
        Case{"<style>{{ t.login.title }}</style>", "8: error: an expression inside <style>"}));

INSTANTIATE_TEST_SUITE_P(
    Blocks, Errors,
    testing::Values(Case{"<p {% if x %}title=\"{% end %}\">", "21: error: this block does not end in the HTML place"},
                    Case{"<p a=\"{% if x %}\" b=\"{% end %}\">", "22: error: this block does not end"},
                    Case{"{% for auto x : y %}<p {% end %}>", "24: error: this block does not end"},
                    Case{"<p {% if x %}><b {% end %}>", "18: error: this block does not end"},
                    Case{"<p {% if x %}hidden{% end %}id=\"a\">", "29: error: no white space between attributes"},
                    Case{"<{% if x %}p{% end %}>", "2: error: a statement in the middle of a tag"},
                    Case{"<p a={% if x %}p{% end %}>", "6: error: a statement in the middle of a tag"},
                    Case{"<!-- {% if x %} -->", "6: error: a statement in an HTML comment"},
                    Case{"<p {% call x::y() %}>", "4: error: another view inside a tag"},
                    Case{"<title>{% wrap x::y() %}", "8: error: another view inside a tag"},
                    Case{"{% else %}", "1: error: elif or else without its {% if %}"},
                    Case{"{% if x %}{% else %}{% elif y %}", "21: error: elif or else without"},
                    Case{"{% if %}", "1: error: {% if %} needs more..{% if ... %}"},
                    Case{"{% end x %}", "1: error: {% end %} takes nothing"},
                    Case{"{% fi x %}", "1: error: {% fi %} is no statement here..if, elif"},
                    Case{"{% view a::c() %}", "1: error: {% view %} is no statement here"},
                    Case{"{% call x %}", "1: error: \"x\" is no call..folder::view(arguments)"},
                    Case{"{{ }}", "1: error: nothing stands in it"},
                    Case{"{# x", "1: error: {# has no end..#} behind it"},
                    Case{"한글 {{ x", "4: error: {{ has no end..}} behind it"},
                    Case{"a < b", "3: error: a bare < in text..&lt;"}));

std::string file_problem(std::string_view source) {
  try {
    compile(source, "a.html", "a.html", sample_texts());
    return "";
  } catch (const CompileError& error) { return error.what(); }
}

TEST(Files, ContainOnlyViewsAndIncludes) {
  EXPECT_THAT(file_problem("<p></p>"), StartsWith("a.html:1:1: error: only {% include %}"));
  EXPECT_THAT(file_problem("{{ x }}"), StartsWith("a.html:1:1: error: only {% include %}"));
  EXPECT_THAT(file_problem("{% view b() %}{% end %}"), StartsWith("a.html:1:1: error: a view needs a namespace"));
  EXPECT_THAT(file_problem("{% view a::b %}{% end %}"), HasSubstr("Write: {% view folder::name("));
  EXPECT_THAT(file_problem("{% view a::b() %}\n{% if x %}{% end %}"),
              StartsWith("a.html:1:1: error: this block has no end"));
}

TEST(Files, BecomeDeclarationsAndDefinitions) {
  const CompiledTemplate made =
      compile("{% include \"x/y.hpp\" %}\n{% view a::b::c(const T<int, 2>& x, int n = f(1, 2)) %}{{ x }}{% end %}",
              "src/a.html", "a.html", sample_texts());
  EXPECT_THAT(made.header, HasSubstr("#line 1 \"src/a.html\"\n#include \"x/y.hpp\"\n"));
  EXPECT_THAT(made.header,
              HasSubstr("namespace ms::a::b {\n#line 2 \"src/a.html\"\nvoid c(::ms::view::Out& out, const T<int, "
                        "2>& x, int n = f(1, 2));\n}"));
  EXPECT_THAT(made.source, HasSubstr("#include \"a.html.hpp\"\n"));
  EXPECT_THAT(made.source, HasSubstr("Out& out, const T<int, 2>& x, int n) {\n"));
}

TEST(Sample, WritesTheExpectedPage) {
  ms::sample::Page page{.title = "<제목>", .url = "javascript:alert(1)", .tags = {"a b", "한"}, .on = true};
  ms::view::Out out;
  ms::sample::page(out, page);
  EXPECT_EQ(out.take(), R"(<!doctype html>
<html lang="ko">
<title>&lt;제목&gt;</title>
<main data-level="1"><!doctype html>
<html lang="ko">
<title>inner</title>
<main data-level="1"><p>로그인</p></main>
</html>
<p class="a on" hidden>댓글 2개 &amp; 글 3개}}</p>
<pre>
    kept
  </pre>
many
<a href="/tags/a%20b?from=a%20b">a b</a><a href="/tags/%ED%95%9C?from=%ED%95%9C">한</a>

<a href="#" title="로그인">"\{ 글</a></main>
</html>)");
}

TEST(Catalogue, FindsTheNearestKeyAndRefusesOtherTypes) {
  EXPECT_EQ(sample_texts().nearest("coments.cuont"), "comments.count");
  EXPECT_THROW(Catalogue::parse("[a]\nb = 1\n", "ko.toml"), std::runtime_error);
  EXPECT_THROW(Catalogue::parse("[a\n", "ko.toml"), std::runtime_error);
  EXPECT_THAT(sample_texts().source(), HasSubstr("{\"a.b.c\", \"x\"},\n    {\"comments.count\", \"댓글 {n}개\"},"));
}

TEST(Catalogue, CutsTextsAtPlaceholders) {
  EXPECT_THAT(text_pieces("{n}개 {x y} {"), ElementsAre(TextPiece{true, "n"}, TextPiece{false, "개 {x y} {"}));
}

TEST(Lexer, SplitsArgumentsOutsideBrackets) {
  EXPECT_THAT(split_arguments("T<a, b> x, f(1, 2), \",\""), ElementsAre("T<a, b> x", "f(1, 2)", "\",\""));
}

TEST(Literals, AreCpp) {
  EXPECT_EQ(cpp_literal("a\"\\\n\t\x01"
                        "1한"),
            "\"a\\\"\\\\\\n\\t\\0011한\"");
}

}  // namespace
}  // namespace viewc
