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

/// How a program wraps a page's content into a whole document; given by the app (its layout.html).
using Layout = void (*)(view::Out& out, const view::Page& page, view::Body body);

/// What is the same for every request of one program.
struct Shell {
  Layout layout = nullptr;
  const view::Site* site = nullptr;
  std::string served_by;      ///< shown by the layout; empty: not said
  bool shared = false;        ///< guests' pages may be kept by Nginx and other shared caches
  std::string member_cookie;  ///< by it scripts know who is logged in now, whatever page they stand on
};

using Menu = std::vector<view::MenuItem>;

/// What a page says about itself.
struct Meta {
  std::string title;
  std::string description = {};
  bool personal = false;  ///< never kept by Nginx, even for a guest: a form with an id of its own
  bool open = false;      ///< every guest may read it: who logs out here stays here
  /// The one address under which search engines may list the page (RFC 6596), with the part of the query that matters;
  /// empty: they are asked not to list it.
  std::string canonical = {};
};

/// One request on its way through handlers: who asks, what was asked, until when, and how to answer.
/// Lives in the pipeline's coroutine frame until the answer is made.
class Context {
 public:
  Context(const http::Request& incoming, const Shell& app, Call limits, session::Viewer viewer,
          std::string_view address, bool tls, bool redis_gone);

  const http::Request& request;
  const Shell& shell;
  Call call;
  session::Viewer viewer;
  Params params;
  std::shared_ptr<const Menu> menu;  ///< what this visitor may go to; null: the layout shows none
  std::optional<view::Bell> bell;    ///< of a member whose pages have one
  const Timestamp now;
  const ClientAddress client_address;  ///< of the visitor, as trusted proxies tell it
  const bool secure;                   ///< the visitor came by TLS
  const bool degraded;                 ///< Redis is gone: pages say what is not to be had

  /// The query string; broken escapes count as no query.
  const http::Form& query() const;
  /// The decoded body of a form, urlencoded or multipart; Error(bad_request) when it is no well-formed form, or its
  /// field "version" no number; Error(invalid) when it holds a file.
  Result<http::Form> form() const;
  /// The JSON object of an API request (RFC 8259, at most 32 deep), Error(bad_request) for what is none, or
  /// Error(unsupported_type) when it does not say that it is JSON.
  Result<boost::json::object> json_body() const;

  /// A whole page: `content` inside the program's layout.
  http::Response page(const Meta& meta, view::Body content, int status = 200) const;
  /// A refusal as a page, or as problem JSON (RFC 9457) below /api/. A guest without a right is sent to the login page
  /// by a page's GET. A form's page holds what was typed, to be sent again, after a login if that is what it lacks;
  /// unless not `keep_typed`: another site's page made the browser send it.
  http::Response error_response(const Error& error, bool keep_typed = true) const;
  /// A form of a page that was made for somebody else than is logged in now: says who that is, with what was typed.
  http::Response stale_form_response() const;
  /// After the login that a form lacked: what came along with it, to be sent now.
  http::Response show_kept(const http::Form& login) const;
  /// 303 to `location` with one of the texts of table [flash] shown at the top of the next page.
  http::Response redirect(std::string_view location, std::optional<Msg> flash = std::nullopt) const;
  /// 308 (RFC 9110 section 15.4.9) to `path`, with the query that was asked; asked again each time, so that an address
  /// may come back.
  http::Response moved(std::string_view path) const;
  http::Response json(int status, const boost::json::value& value) const;

  /// The browser wrote something a moment ago, perhaps on another server, whose hint may still be on its way: what this
  /// server remembers of what pages show will not do.
  bool read_your_writes() const;
  /// Makes that so for the next seconds.
  void set_read_your_writes(http::Response& response) const;
  /// The viewer has logged out: their browser forgets what it keeps for them.
  void announce_logout(http::Response& response) const;

  /// Says that what this write took away still stands in pages that an Nginx saved: in a header, and at the top of the
  /// next page.
  void warn_unpurged(http::Response& response) const;

  bool is_api() const noexcept { return request.path.starts_with("/api/"); }

 private:
  bool may_be_shared() const;

  /// The way of a guest to a page that needs a login.
  http::Response to_login() const;
  /// Where a login on this page leads back to, when that is not the page itself.
  std::string way_back() const;
  /// The value that Shell::member_cookie has to get; nothing: it has it.
  std::optional<std::string> changed_member(int status) const;
  mutable std::optional<http::Form> query_;
};

/// Says when to ask again, where that is what the error asks for (RFC 9110 10.2.3).
void set_retry_after(http::Response& response, const Error& error);

/// Problem JSON for an error below /api/ (RFC 9457): type, title, status, detail in Korean, errors by field; `more` of
/// that kind of problem (its section 3.2).
http::Response problem(const Error& error, const boost::json::object& more = {});

/// The path to come back to after login: `next` when it is a path of ours, else "/".
std::string_view local_path(std::string_view next);

}  // namespace ms::web
