#include "infra/markdown/line.hpp"

#include <algorithm>
#include <array>
#include <boost/locale/utf.hpp>
#include <iterator>

#include "infra/markdown/address.hpp"
#include "infra/markdown/emphasis.hpp"
#include "infra/markdown/point.hpp"
#include "infra/markdown/reference.hpp"

namespace ms::markdown {
namespace {

constexpr std::uint8_t kEm = 1;
constexpr std::uint8_t kStrong = 2;
constexpr std::uint8_t kLongRun = 4;  // and longer runs: not a mark

constexpr auto kSpecial = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("\\`[!]*_~&@hHwW")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool is_special(char c) { return kSpecial[static_cast<unsigned char>(c)]; }

std::string utf8(char32_t point) {
  std::string out;
  boost::locale::utf::utf_traits<char>::encode(point, std::back_inserter(out));
  return out;
}

/// Whether the "\" at `at` begins a Windows path, which extends to the end of the word.
bool begins_path(std::string_view line, std::size_t at) {
  if (at + 1 < line.size() && line[at + 1] == '\\') return true;
  return at >= 2 && line[at - 1] == ':' && is_ascii_letter(static_cast<unsigned char>(line[at - 2]));
}

/// The address with "&amp;" replaced by "&", for addresses that were copied from HTML.
std::string without_amp(std::string_view copied) {
  std::string address(copied);
  constexpr std::string_view kAmpersand = "&amp;";
  for (std::size_t at = address.find(kAmpersand); at != address.npos; at = address.find(kAmpersand, at + 1)) {
    address.erase(at + 1, kAmpersand.size() - 1);
  }
  return address;
}

std::size_t word_end(std::string_view line, std::size_t at) { return std::min(line.find(' ', at), line.size()); }

}  // namespace

void LineWriter::write(std::string_view line) {
  if (std::ranges::none_of(line, is_special)) return write_text(line, true);
  line_ = line;
  text_ = path_end_ = next_code_ = next_link_ = 0;
  open_links_.clear(), openers_.clear(), tokens_.clear(), pairs_.clear();
  footnotes_ = {};
  counts_ = {};
  code_ = line.contains('`') ? find_code(line) : std::vector<Code>();
  links_ = line.contains('[') ? find_links(line, code_) : std::vector<Bracket>();
  scan();
  undo_pairs();
  for (const Token& token : tokens_) write_token(token);
}

LineWriter::Token& LineWriter::add(Kind kind, std::size_t begin, std::size_t end, std::size_t value) {
  Token token{kind};
  token.begin = static_cast<std::uint32_t>(begin);
  token.end = static_cast<std::uint32_t>(end);
  token.value = static_cast<std::uint32_t>(value);
  return tokens_.emplace_back(token);
}

void LineWriter::flush(std::size_t end) {
  if (end > text_) add(Kind::text, text_, end);
}

void LineWriter::scan() {
  for (std::size_t at = 0; at < line_.size();) {
    if (!is_special(line_[at])) {
      ++at;
      continue;
    }
    const std::size_t end = special(at);
    if (end == at) {
      ++at;  // it stays text
    } else {
      text_ = at = end;
    }
  }
  flush(line_.size());
}

/// Adds the token at `at` and returns its end; `at` itself when there is none.
std::size_t LineWriter::special(std::size_t at) {
  switch (line_[at]) {
    case '\\':
      return escape(at);
    case '`':
      return code(at);
    case '!':
    case '[':
      return bracket(at);
    case ']':
      return bracket_end(at);
    case '&':
      return reference(at);
    case '@':
      return at_sign(at);
    case '*':
    case '_':
    case '~':
      return run(at);
    default:
      return web(at);
  }
}

std::size_t LineWriter::code(std::size_t at) {
  while (next_code_ < code_.size() && code_[next_code_].begin < at) ++next_code_;
  if (next_code_ == code_.size() || code_[next_code_].begin != at) return at;
  const Code& found = code_[next_code_];
  flush(at);
  add(Kind::code, found.text, found.text_end);
  return found.end;
}

std::size_t LineWriter::escape(std::size_t at) {
  if (at >= path_end_ && begins_path(line_, at)) path_end_ = word_end(line_, at);
  if (at < path_end_ || !escapes(line_, at)) return at;
  flush(at);
  add(Kind::text, at + 1, at + 2);
  return at + 2;
}

std::size_t LineWriter::reference(std::size_t at) {
  const auto found = reference_at(line_, at);
  if (!found) return at;
  flush(at);
  add(Kind::character, at, at + found->size, found->value);
  return at + found->size;
}

std::size_t LineWriter::web(std::size_t at) {
  if (!open_links_.empty()) return at;
  // A final "_" is a mark if another one is open: otherwise it belongs to the address, as in many YouTube ids.
  const bool marked = find_opener('_', kEm) != openers_.end() || find_opener('_', kStrong) != openers_.end();
  const std::size_t size = web_address(line_, at, marked ? "*~_" : "*~");
  if (size == 0) return at;
  flush(at);
  add(Kind::web, at, at + size);
  return at + size;
}

std::size_t LineWriter::at_sign(std::size_t at) {
  if (!open_links_.empty()) return at;
  if (const MailAddress mail = mail_address(line_, text_, at); mail.size > 0) {
    flush(mail.at);
    add(Kind::mail, mail.at, mail.at + mail.size);
    return mail.at + mail.size;
  }
  auto match = mention_at(line_, at);
  if (!match) return at;
  flush(at);
  const auto link = std::ranges::find(mentioned_, match->mention, &Link::written);
  std::size_t end = at + match->size;
  if (link == mentioned_.end()) {
    add(Kind::text, at, end);  // "_" in it is not a mark
  } else {
    // In "@이름님" the name is the link; the number of "@이름#57" is not shown.
    if (match->mention.id == 0) end = at + 1 + link->name.size();
    add(Kind::mention, at, end, static_cast<std::size_t>(link - mentioned_.begin()));
  }
  if (mentions_ != nullptr) mentions_->push_back(std::move(match->mention));
  return end;
}

std::size_t LineWriter::bracket(std::size_t at) {
  const std::size_t open = line_[at] == '!' ? at + 1 : at;
  while (next_link_ < links_.size() && links_[next_link_].open < open) ++next_link_;
  if (next_link_ == links_.size()) return at;
  const Bracket& link = links_[next_link_];
  if (link.open != open || link.image != (open > at)) return at;
  flush(at);
  add(Kind::link, at, open + 1, next_link_).inner = !open_links_.empty();
  open_links_.push_back(static_cast<std::uint32_t>(next_link_));
  openers_.emplace_back();
  return open + 1;
}

std::size_t LineWriter::bracket_end(std::size_t at) {
  if (open_links_.empty() || links_[open_links_.back()].close != at) return at;
  flush(at);
  const std::uint32_t link = open_links_.back();
  open_links_.pop_back();
  while (openers_.back().mark != '\0') openers_.pop_back();
  openers_.pop_back();
  add(Kind::link_end, at, links_[link].end, link).inner = !open_links_.empty();
  return links_[link].end;
}

std::size_t LineWriter::run(std::size_t at) {
  const Run run{line_, at, run_end(line_, at)};
  if (run.mark() == '_' && is_in_mail_address(line_, at)) return at;
  flush(at);
  counts_.count_to(line_, at);
  const auto place = static_cast<std::uint32_t>(tokens_.size());
  add(Kind::run, at, run.end);
  const auto size = static_cast<std::uint8_t>(std::min<std::size_t>(run.size(), kLongRun));
  if (may_close(run)) {
    bool closed = close(run, size, place);
    if (!closed && size == kEm + kStrong) {  // "**굵게 *둘 다***" or "*기울임 **둘 다***": the inner one closes first
      const auto strong = find_opener(run.mark(), kStrong);
      const auto em = find_opener(run.mark(), kEm);
      const bool strong_within = strong != openers_.end() && (em == openers_.end() || strong > em);
      closed = close(run, strong_within ? kStrong : kEm, place);
      closed = close(run, strong_within ? kEm : kStrong, place) || closed;
    }
    if (closed) return run.end;
  }
  if (!may_open(run)) {
    if (size <= kStrong && is_footnote(run)) footnotes_[size - 1U] = true;
    return run.end;
  }
  counts_.count_to(line_, run.end);
  if (const auto same = find_opener(run.mark(), size); same != openers_.end()) openers_.erase(same);
  openers_.push_back({run.mark(), size, place, counts_});
  return run.end;
}

/// The open run of that mark and size; not across the start of a link, since no pair crosses one. There are few.
std::vector<LineWriter::Opener>::iterator LineWriter::find_opener(char mark, std::uint8_t size) {
  for (auto opener = openers_.end(); opener != openers_.begin();) {
    --opener;
    if (opener->mark == '\0') break;
    if (opener->mark == mark && opener->size == size) return opener;
  }
  return openers_.end();
}

bool LineWriter::close(const Run& run, std::uint8_t size, std::uint32_t place) {
  const auto opener = find_opener(run.mark(), size);
  if (opener == openers_.end() || !is_meant(run, opener->counts, counts_)) return false;
  if (run.mark() == '*') pairs_.push_back({opener->token, place, size, is_behind_syllable(run)});
  tokens_[opener->token].opened = size;
  Token& token = tokens_[place];
  token.closed[token.closed[0] == 0 ? 0 : 1] = size;
  openers_.erase(opener, openers_.end());
  return true;
}

/// When one asterisk closes nothing, others are footnotes and hidden letters too: "*표시는 필수입니다. 이름*, 연락처*",
/// "**당첨자: 김**, 이**".
void LineWriter::undo_pairs() {
  for (const Pair& pair : pairs_) {
    if (pair.size > kStrong || !footnotes_[pair.size - 1U]) continue;
    if (pair.size == kStrong && !pair.behind_syllable) continue;
    tokens_[pair.opener].opened = 0;
    auto& closed = tokens_[pair.closer].closed;
    if (closed[0] == pair.size) closed[0] = closed[1];
    closed[1] = 0;
  }
}

/// HTML collapses white space: additional spaces between two words go into an element that preserves them.
void LineWriter::write_text(std::string_view text, bool begins_line) {
  constexpr std::string_view kBlank = " \t";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = std::min(text.find_first_of(kBlank, at), text.size());
    const std::size_t end = std::min(text.find_first_not_of(kBlank, begin), text.size());
    const std::string_view blank = text.substr(begin, end - begin);
    const bool folded = blank.size() > 1 || blank == "\t" || (begins_line && begin == 0);
    out_.text(text.substr(at, begin - at));
    if (folded && !blank.empty()) out_.raw("<span class=\"typed\">");
    out_.text(blank);
    if (folded && !blank.empty()) out_.raw("</span>");
    at = end;
  }
}

void LineWriter::write_token(const Token& token) {
  const std::string_view text = line_.substr(token.begin, token.end - token.begin);
  switch (token.kind) {
    case Kind::text:
      return write_text(text, token.begin == 0);
    case Kind::character:
      return out_.text(utf8(token.value));
    case Kind::code:
      out_.raw("<code>");
      out_.text(text);
      return out_.raw("</code>");
    case Kind::web: {
      const std::string address = without_amp(text);
      write_anchor(address);
      out_.text(address);
      return out_.raw("</a>");
    }
    case Kind::mail:
      write_anchor(std::string("mailto:").append(text));
      out_.text(text);
      return out_.raw("</a>");
    case Kind::mention:
      return write_mention(mentioned_[token.value]);
    case Kind::link:
      return write_link(links_[token.value], token.inner);
    case Kind::link_end:
      if (!token.inner) out_.raw("</a>");
      return;
    case Kind::run:
      return write_run(token);
  }
}

/// Starts a link. An address without a scheme begins with "www.".
void LineWriter::write_anchor(std::string_view address, std::string_view title) {
  out_.raw("<a href=\"");
  if (address.starts_with('w') || address.starts_with('W')) {
    out_.url(std::string("http://").append(address));
  } else {
    out_.url(address);
  }
  if (!title.empty()) {
    out_.raw("\" title=\"");
    out_.text(title);
  }
  out_.raw("\" rel=\"nofollow ugc noopener\">");
}

void LineWriter::write_link(const Bracket& link, bool inner) {
  if (!inner) { write_anchor(without_amp(link.address), link.title); }
  if (link.close == link.open + 1) out_.text(link.address);  // a link without text shows its address
}

void LineWriter::write_mention(const Link& link) {
  out_.raw("<a class=\"mention\" href=\"");
  out_.url(link.href);
  out_.raw("\">@");
  out_.text(link.name);
  out_.raw("</a>");
}

void LineWriter::write_run(const Token& token) {
  const char mark = line_[token.begin];
  std::size_t left = token.end - token.begin;
  for (const std::uint8_t size : token.closed) {
    if (size == 0) continue;
    left -= size;
    if (mark == '~') {
      out_.raw("</del>");
      continue;
    }
    if ((size & kStrong) != 0) out_.raw("</strong>");
    if ((size & kEm) != 0) out_.raw("</em>");
  }
  left -= token.opened;
  out_.text(line_.substr(token.begin, left));
  if (token.opened == 0) return;
  if (mark == '~') return out_.raw("<del>");
  if ((token.opened & kEm) != 0) out_.raw("<em>");
  if ((token.opened & kStrong) != 0) out_.raw("<strong>");
}

}  // namespace ms::markdown
