#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "infra/core/id.hpp"

// What a page passes to the layout around it (apps/site/layout.html, apps/admin/layout.html). Plain values: layouts use
// no feature, the app fills them in.
namespace ms::view {

/// The organisation that runs the site; read once at start, so pages point to it.
struct Site {
  std::string name;
  std::string url;        ///< the Site's public address, without a slash at the end
  std::string admin_url;  ///< the Admin's public address
  std::string representative;
  std::string address;
  std::string phone;
  std::string fax;
  std::string registration;  ///< 고유번호 or 사업자등록번호
  std::string email;
};

/// An entry of the menu. It does not depend on the current page, so that one menu serves all requests.
struct MenuItem {
  std::string label;
  std::string href;
};

/// The viewer, as layouts need it.
struct Viewer {
  MemberId id = {};  ///< 0: a guest
  std::string name;
  std::string role;  ///< as a Korean word, such as 직원
  bool signed_in = false;
  bool is_staff = false;
};

/// The notification bell in the header of a member's pages.
struct Bell {
  MemberId member;
  std::optional<std::int64_t> number = {};  ///< of the live topic "u<member>"; nothing: it cannot be read now
  std::int64_t unread = 0;
};

/// A message about what was just done, shown once on the next page.
struct Flash {
  std::string text;  ///< empty: there is none
};

struct Page {
  std::string title = {};               ///< empty: the site's name alone
  std::string_view path;                ///< of the request, without its query
  std::string_view back = "/";          ///< where a login returns to: a local path with its query
  bool open = false;                    ///< guests may read it too: whoever logs out here stays here
  std::string_view member_cookie = {};  ///< from which scripts know who is logged in (web::Shell)
  std::string description = {};         ///< for search engines; empty: omitted
  std::string canonical = {};           ///< the address under which search engines may list it; empty: not at all
  Viewer viewer = {};
  std::optional<Bell> bell = {};  ///< nothing: the page has none
  Flash flash = {};
  bool degraded = false;  ///< Redis is gone: the page says which functions are unavailable
  const Site* site;       ///< never null
  std::span<const MenuItem> menu = {};
  std::string_view served_by = {};  ///< name of the app server; empty: not shown
};

/// The first character of a name, for the round avatar beside it.
std::string_view initial(std::string_view name);

/// Whether the page is the one at `href`.
inline bool is_here(const Page& page, std::string_view href) { return page.path == href; }

/// Whether the page is at `href` or below it. All pages are below "/", so "/" matches only itself.
inline bool leads_here(const Page& page, std::string_view href) {
  return is_here(page, href) || (href.size() > 1 && page.path.starts_with(href) && page.path[href.size()] == '/');
}

}  // namespace ms::view
