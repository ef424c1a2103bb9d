#include "infra/web/context.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <boost/json.hpp>

#include "infra/core/text.hpp"

namespace ms::web {
namespace {

namespace json = boost::json;

constexpr std::string_view kVersion = "version";  // the field with the version that a form began with
constexpr std::string_view kFlashCookie = "flash";
constexpr std::string_view kReadYourWritesCookie = "wrote";
constexpr int kReadYourWritesSeconds =
    3;  // a publication takes milliseconds; a lost one, as long as a value stays cached
constexpr int kMemberCookieSeconds = 400 * 24 * 3600;  // the longest that browsers keep a cookie
constexpr std::string_view kPrivate = "private, no-store";
// A guest's page is the same for all guests: a shared cache may keep it for a second (RFC 9111 5.2.2.10, RFC 5861), but
// only a guest's, which the session cookie decides. Our own Nginx keeps it far longer, for when no server answers.
// Nobody else may: only our Nginx learns what must be purged (infra/purge).
constexpr std::string_view kShared = "public, max-age=0, s-maxage=1, stale-while-revalidate=2";
constexpr std::string_view kHtml = "text/html; charset=utf-8";

/// The text that the previous redirect left for this page; the cookie holds only a key of table [flash].
std::string flash_of(const http::Request& request) {
  const auto key = request.cookie(kFlashCookie);
  if (!key || !key->starts_with("flash.")) return {};
  const std::string text = tr(Msg{*key});
  return text == *key ? std::string() : text;
}

/// "page=2" or "comments=14": the queries that links to guests' pages have.
bool is_linked_query(std::string_view query) {
  constexpr std::size_t kMaxDigits = 3;
  const auto digits = query.substr(std::min(query.find('=') + 1, query.size()));
  const bool number = !digits.empty() && digits.size() <= kMaxDigits && digits.front() != '0' &&
                      std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  return query.empty() || (number && (query.starts_with("page=") || query.starts_with("comments=")));
}

/// Whether the address is one that links have. Others show the same page and there are infinitely many of them: saved,
/// they would evict everything else.
bool is_linked_address(const http::Request& request) {
  return request.path.find('%') == std::string_view::npos && request.target.starts_with('/') &&
         is_linked_query(request.query);
}

/// The media type of the body without its parameters, in lower case (RFC 9110 8.3.1).
std::string media_type(const http::Request& request) {
  const auto type = request.header("content-type");
  return ascii_lower(trim(type.substr(0, type.find(';'))));
}

/// The form of a body of either kind.
Result<http::Form> read_form(const http::Request& request) {
  std::optional<http::Form> form;
  if (const auto boundary = http::multipart_boundary(request.header("content-type"))) {
    auto fields = http::Form::parse_multipart(*boundary, request.body);
    if (!fields && fields.error() == http::MultipartError::refused_by_sink) {
      return ms::fail(ErrorCode::invalid, "error.form_file"_msg);
    }
    if (fields) form = *std::move(fields);
  } else if (media_type(request) == "application/x-www-form-urlencoded") {
    form = http::Form::parse(request.body);
  }
  if (!form) return ms::fail(ErrorCode::bad_request, "error.bad_form"_msg);
  return *std::move(form);
}

}  // namespace

void set_retry_after(http::Response& response, const Error& error) {
  if (error.code != ErrorCode::unavailable && error.code != ErrorCode::too_many) return;
  response.set("Retry-After", std::to_string(error.retry_after.count()));
}

Context::Context(const http::Request& incoming, const Shell& app, Call limits, session::Viewer viewer,
                 std::string_view address, bool tls, bool redis_gone)
    : request(incoming),
      shell(app),
      call(limits),
      viewer(std::move(viewer)),
      now(ms::now()),
      client_address(address),
      secure(tls),
      degraded(redis_gone) {}

const http::Form& Context::query() const {
  if (!query_) query_ = http::Form::parse(request.query).value_or(http::Form());
  return *query_;
}

const Result<http::Form>& Context::sent_form() const {
  if (!form_) form_ = read_form(request);
  return *form_;
}

// The boundaries of a multipart body differ each time it is sent.
std::string_view Context::form_fingerprint() const {
  if (!sent_form() || !http::multipart_boundary(request.header("content-type"))) return request.body;
  if (form_fingerprint_.empty()) form_fingerprint_ = sent_form()->encoded();
  return form_fingerprint_;
}

std::optional<Error> Context::rejection() const {
  if (rejected_files.empty()) return std::nullopt;
  Error out(ErrorCode::invalid, rejected_files.front().reason);
  for (const RejectedFile& file : rejected_files) {
    const bool known = std::ranges::any_of(
        out.fields, [&](const FieldError& other) { return other.field == file.field && other.message == file.reason; });
    if (!known) out.fields.push_back({file.field, file.reason});
  }
  return out;
}

void Context::set_form(http::Form form, std::string fingerprint) {
  form_ = std::move(form);
  form_fingerprint_ = std::move(fingerprint);
}

Result<http::Form> Context::form() const {
  const Result<http::Form>& form = sent_form();
  // Without a version nothing is compared: an unreadable version must not pass for a missing one.
  if (form && form->has(kVersion) && !form->number(kVersion)) {
    return ms::fail(ErrorCode::bad_request, "error.bad_form"_msg);
  }
  return form;
}

Result<json::object> Context::json_body() const {
  if (media_type(request) != "application/json") { return ms::fail(ErrorCode::unsupported_type, "api.not_json"_msg); }
  json::error_code error;
  json::value value = json::parse(request.body, error);
  if (error || !value.is_object() || !valid_utf8(request.body)) {
    return ms::fail(ErrorCode::bad_request, "error.bad_json"_msg);
  }
  return std::move(value.get_object());
}

http::Response Context::page(const Meta& meta, view::Body content, int status) const {
  const std::string flash = flash_of(request);
  view::Page page;
  page.title = meta.title;
  page.description = meta.description;
  if (!meta.canonical.empty()) page.canonical = shell.site->url + meta.canonical;
  page.path = request.path;
  const bool stays_here = http::is_safe(request.method) && request.path != "/login" && request.path != "/join";
  const std::string return_to = stays_here ? std::string() : return_path();
  page.back = stays_here ? local_path(request.target) : std::string_view(return_to);
  page.open = meta.open;
  page.member_cookie = shell.member_cookie;
  page.site = shell.site;
  page.served_by = shell.served_by;
  if (menu) page.menu = *menu;
  page.viewer.id = viewer.id;
  page.viewer.signed_in = viewer.signed_in();
  page.viewer.name = viewer.name;
  page.viewer.role = tr(session::word_of(viewer.role));
  page.viewer.is_staff = viewer.may(session::Permission::admin);
  page.bell = bell;
  page.flash = {flash};
  page.degraded = degraded;
  view::Out out;
  out.set_viewer(viewer.id);
  shell.layout(out, page, content);
  http::Response response = http::Response::text(status, kHtml, out.take());
  // Refusals are shared too: they replace the page that Nginx saved before it was hidden.
  const bool cacheable = status == 200 || status == 403 || status == 404;
  const auto member = member_cookie_update(status);
  const bool shared =
      cacheable && !viewer.signed_in() && flash.empty() && !meta.personal && !degraded && !member && is_shareable();
  response.set("Cache-Control", shared ? kShared : kPrivate);
  if (!flash.empty())
    response.set("Set-Cookie", fmt::format("{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax", kFlashCookie));
  if (member) response.set("Set-Cookie", *member);
  return response;
}

bool Context::is_shareable() const { return shell.shared && is_linked_address(request); }

http::Response Context::redirect_to_login() const {
  http::Response response = http::Response::see_other("/login?next=" + http::percent_encode(request.target));
  response.set("Cache-Control", !viewer.signed_in() && is_shareable() ? kShared : kPrivate);
  return response;
}

bool Context::read_your_writes() const { return request.cookie(kReadYourWritesCookie).has_value(); }

void Context::set_read_your_writes(http::Response& response) const {
  response.set("Set-Cookie", fmt::format("{}=1; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{}", kReadYourWritesCookie,
                                         kReadYourWritesSeconds, secure ? "; Secure" : ""));
}

std::string Context::return_path() const {
  if (http::is_safe(request.method)) return std::string(local_path(query().get("next")));
  if (request.path == "/login" || request.path == "/join") {
    const auto sent = form();
    return sent ? std::string(local_path(sent->get("next"))) : "/";
  }
  // The page that the form was on: Referrer-Policy makes browsers send it for our own pages.
  std::string_view from = request.header("referer");
  const auto host = from.find("://");
  const auto path = host == std::string_view::npos ? host : from.find('/', host + 3);
  return path == std::string_view::npos ? "/" : std::string(local_path(from.substr(path)));
}

std::optional<std::string> Context::member_cookie_update(int status) const {
  if (shell.member_cookie.empty()) return std::nullopt;
  const auto sent = request.cookie(shell.member_cookie);
  // A negative number is for scripts to read: who has logged out (announce_logout).
  if (!viewer.signed_in()) {
    if (status != 200 || !sent || sent->starts_with('-')) return std::nullopt;
    return fmt::format("{}=; Path=/; Max-Age=0; SameSite=Lax", shell.member_cookie);
  }
  const fmt::format_int id(viewer.id.value);
  if (sent == std::string_view(id.data(), id.size())) return std::nullopt;
  return fmt::format("{}={}; Path=/; Max-Age={}; SameSite=Lax{}", shell.member_cookie, id.c_str(), kMemberCookieSeconds,
                     secure ? "; Secure" : "");
}

void Context::announce_logout(http::Response& response) const {
  if (shell.member_cookie.empty() || !viewer.signed_in()) return;
  response.set("Set-Cookie", fmt::format("{}=-{}; Path=/; Max-Age={}; SameSite=Lax{}", shell.member_cookie,
                                         viewer.id.value, kMemberCookieSeconds, secure ? "; Secure" : ""));
}

http::Response Context::redirect(std::string_view location, std::optional<Msg> flash) const {
  http::Response response = http::Response::see_other(location);
  response.set("Cache-Control", "no-store");
  if (flash) {
    response.set("Set-Cookie", fmt::format("{}={}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax{}", kFlashCookie,
                                           flash->key, secure ? "; Secure" : ""));
  }
  return response;
}

void Context::warn_unpurged(http::Response& response) const {
  response.set("X-Purge", "pending");
  if (is_api() || response.status >= 400) return;
  response.set("Set-Cookie", fmt::format("{}=flash.purge_pending; Path=/; Max-Age=60; HttpOnly; SameSite=Lax{}",
                                         kFlashCookie, secure ? "; Secure" : ""));
}

http::Response Context::permanent_redirect(std::string_view path) const {
  http::Response response(308);
  std::string location(path);
  if (!request.query.empty()) location.append("?").append(request.query);
  response.set("Location", location).set("Cache-Control", "no-cache");
  return response;
}

http::Response Context::json(int status, const json::value& value) const {
  http::Response response = http::Response::text(status, "application/json", json::serialize(value));
  response.set("Cache-Control", "private, no-store");
  return response;
}

http::Response problem(const Error& error, const json::object& more) {
  const int status = static_cast<int>(error.code);
  // The names of constraints are internal.
  const std::string_view code = error.message.key.starts_with("db.") ? "error.conflict" : error.message.key;
  json::object body{{"type", "about:blank"},
                    {"title", http::reason(status)},
                    {"status", status},
                    {"detail", tr(error.message)},
                    {"code", code}};
  if (!error.fields.empty()) {
    json::array fields;
    for (const FieldError& field : error.fields) {
      fields.push_back(json::object{{"field", field.field}, {"detail", tr(field.message)}});
    }
    body["errors"] = std::move(fields);
  }
  for (const auto& [name, value] : more) body[name] = value;
  http::Response response = http::Response::text(status, "application/problem+json", json::serialize(body));
  response.set("Cache-Control", "private, no-store");
  set_retry_after(response, error);
  return response;
}

std::string_view local_path(std::string_view next) {
  const bool ours = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\') && !has_control(next) &&
                    next.find_first_of("\t\r\n") == std::string_view::npos;
  return ours ? next : std::string_view("/");
}

}  // namespace ms::web
