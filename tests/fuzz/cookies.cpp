// Cookies, of which one is signed, and what a session is in Redis: another's signature opens nothing.
#include "infra/http/form.hpp"
#include "infra/http/message.hpp"
#include "infra/session/cookie.hpp"
#include "infra/session/session_record.hpp"
#include "work.hpp"

namespace {

using ms::fuzz::require;
using ms::session::SessionRecord;

constexpr std::uint64_t kFixed = 20'000;
constexpr std::uint64_t kPerByte = 1'000;

const ms::secret::Keyring kOurs({"a key of thirty-two characters.."});
const ms::secret::Keyring kOther({"another, as long as the first one"});

void check_field(std::string_view field, std::string_view name) {
  ms::http::Request request;
  request.fields = {{"Cookie", field}};
  const auto begin = ms::fuzz::loads();
  const auto value = request.cookie(name);
  ms::fuzz::check_work(begin, field.size(), kFixed, kPerByte);
  if (!value) return;
  require(!value->contains(';'), "a value with the end of another", *value);
  require(std::string(field).contains(std::string(name) + "=" + std::string(*value)), "a value out of nothing", *value);
}

void check_signature(std::string_view text) {
  require(!ms::session::unsign(text, kOurs), "signed by nobody", text);
  if (text.empty() || text.size() > 100) return;
  const std::string cookie = ms::session::sign(text, kOurs);
  require(ms::session::unsign(cookie, kOurs) == text, "our own signature", cookie);
  require(!ms::session::unsign(cookie, kOther), "another's signature", cookie);
  std::string longer = cookie;
  longer.insert(longer.begin() + 4, 'x');  // behind "s%3A"
  require(!ms::session::unsign(longer, kOurs), "the signature of another id", longer);
}

void check_stored(std::string_view text) {
  auto stored = SessionRecord::parse(std::string(text));
  if (!stored) return;
  require(!stored->is_authentic(kOurs, "id", 1), "authentic, and written by nobody", text);
  const ms::session::ServerStamp stamp{ms::MemberId{7}, "site", 3, stored->saved()};
  ms::session::Viewer viewer;
  viewer.id = ms::MemberId{7};
  stored->put(viewer, stamp, {.idle = std::chrono::hours(1)});
  stored->authenticate(kOurs, "id", 1);
  const auto again = SessionRecord::parse(stored->text());
  require(again && again->is_authentic(kOurs, "id", 1) && again->user() == viewer.id, "our own session", text);
  require(!again->is_authentic(kOurs, "other", 1) && !again->is_authentic(kOurs, "id", 2) &&
              !again->is_authentic(kOther, "id", 1),
          "authentic elsewhere", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view rest = ms::fuzz::text_of(data, size);
  check_stored(rest);
  check_signature(rest);
  const std::string_view name = ms::fuzz::take_line(rest);
  check_field(rest, name);
  return 0;
}
