#pragma once
#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "infra/core/address.hpp"
#include "infra/core/result.hpp"
#include "infra/core/time.hpp"
#include "infra/http/form.hpp"
#include "infra/http/message.hpp"
#include "infra/io/call.hpp"
#include "infra/session/sessions.hpp"
#include "infra/session/viewer.hpp"
#include "infra/view/out.hpp"
#include "infra/view/page.hpp"
#include "infra/web/router.hpp"

namespace ms::web {

/// Wraps a page's content into a whole document; each app gives its own (layout.html).
using Layout = void (*)(view::Out& out, const view::Page& page, view::Body body);

/// What is the same for all requests of one program.
struct Shell {
  Layout layout = nullptr;
  const view::Site* site = nullptr;
  std::string served_by;      ///< shown by the layout; empty: not shown
  bool shared = false;        ///< guests' pages may be saved by Nginx and other shared caches
  std::string member_cookie;  ///< scripts read it to know who is logged in now, whatever page they run on
};

using Menu = std::vector<view::MenuItem>;

/// What a page declares about itself.
struct Meta {
  std::string title;
  std::string description = {};
  bool personal = false;  ///< never saved by Nginx, even for a guest: a form with its own idempotency key
  bool open = false;      ///< every guest may read it: whoever logs out here stays here
  /// The one address under which search engines may list the page (RFC 6596), with the relevant part of the query;
  /// empty: the page asks not to be listed.
  std::string canonical = {};
};

/// A file of a form that was not taken, while the rest of the form was.
struct RejectedFile {
  std::string field;
  std::string filename;
  Msg reason;
};

/// One request on its way through the handlers: the viewer, what is requested, the deadline, and how to respond. It
/// lives in the pipeline's coroutine frame until the response is made.
class Context {
 public:
  Context(const http::Request& incoming, const Shell& app, Call limits, session::Viewer viewer,
          std::string_view address, bool tls, bool redis_gone);

  const http::Request& request;
  const Shell& shell;
  Call call;
  session::Viewer viewer;
  Params params;
  std::shared_ptr<const Menu> menu;  ///< the pages that this viewer may open; null: the layout shows no menu
  std::optional<view::Bell> bell;    ///< for members whose pages have one
  const Timestamp now;
  const ClientAddress client_address;        ///< the client's address, as reported by trusted proxies
  const bool secure;                         ///< the client uses TLS
  const bool degraded;                       ///< Redis is gone: pages say what is unavailable
  std::vector<RejectedFile> rejected_files;  ///< of a form with files (Router::post_with_files)

  /// The query string; one with broken escapes counts as empty.
  const http::Form& query() const;
  /// The decoded body of a form, urlencoded or multipart; Error(bad_request) when it is malformed or its field
  /// "version" is not a number; Error(invalid) when it contains a file. The body is decoded once.
  Result<http::Form> form() const;
  /// The same without the check of "version".
  const Result<http::Form>& sent_form() const;
  /// What identifies the content of the form when it is sent again.
  std::string_view form_fingerprint() const;
  /// Why files of the form were not taken, at the fields that they came in; nothing when all were.
  std::optional<Error> rejection() const;
  /// Replaces the body of a form that was read while it arrived, as sent_form() and form_fingerprint() give it.
  void set_form(http::Form form, std::string fingerprint);
  /// The JSON object of an API request (RFC 8259, at most 32 levels deep); Error(bad_request) when it is not one, or
  /// Error(unsupported_type) when the media type is not JSON.
  Result<boost::json::object> json_body() const;

  /// A whole page: `content` inside the program's layout.
  http::Response page(const Meta& meta, view::Body content, int status = 200) const;
  /// An error as a page, or as problem JSON (RFC 9457) below /api/. A page's GET redirects a guest who lacks a right to
  /// the login page. The page of a failed POST holds its fields, to be sent again, after a login if one is missing. Not
  /// so without `keep_fields`: another site's page made the browser send the form.
  http::Response error_response(const Error& error, bool keep_fields = true) const;
  /// For a form on a page that was made for another member than the one who is logged in now: names the latter, and
  /// keeps the fields.
  http::Response stale_form_response() const;
  /// After the login that a form lacked: the form's fields, which came along with the login, to be sent now.
  http::Response show_carried_form(const http::Form& login) const;
  /// 303 to `location`; the next page shows one of the texts of table [flash] at its top.
  http::Response redirect(std::string_view location, std::optional<Msg> flash = std::nullopt) const;
  /// 308 (RFC 9110 section 15.4.9) to `path`, with the query of the request. Caches must revalidate it, so that an
  /// address may come back.
  http::Response permanent_redirect(std::string_view path) const;
  http::Response json(int status, const boost::json::value& value) const;

  /// The browser wrote something a moment ago, perhaps on another server whose publication is still on its way: this
  /// server's caches may be stale.
  bool read_your_writes() const;
  /// Makes read_your_writes() true for the next seconds.
  void set_read_your_writes(http::Response& response) const;
  /// The viewer has logged out: their browser deletes what it stored for them.
  void announce_logout(http::Response& response) const;

  /// Says that saved pages of an Nginx still show what this write removed: in a header, and at the top of the next
  /// page.
  void warn_unpurged(http::Response& response) const;

  bool is_api() const noexcept { return request.path.starts_with("/api/"); }

 private:
  bool is_shareable() const;

  /// Sends a guest to the login, for a page that needs one.
  http::Response redirect_to_login() const;
  /// Where a login on this page returns to, when that is not the page itself.
  std::string return_path() const;
  /// The Set-Cookie that brings Shell::member_cookie up to date; nothing when it already is.
  std::optional<std::string> member_cookie_update(int status) const;
  mutable std::optional<http::Form> query_;
  mutable std::optional<Result<http::Form>> form_;
  mutable std::string form_fingerprint_;
};

/// Sets Retry-After when the error asks for it (RFC 9110 10.2.3).
void set_retry_after(http::Response& response, const Error& error);

/// Problem JSON for an error below /api/ (RFC 9457): type, title, status, detail in Korean, errors by field; `more`
/// adds members of that kind of problem (its section 3.2).
http::Response problem(const Error& error, const boost::json::object& more = {});

/// The path to return to after a login: `next` when it is a local path, else "/".
std::string_view local_path(std::string_view next);

}  // namespace ms::web
