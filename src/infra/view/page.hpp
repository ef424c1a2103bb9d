#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "infra/core/id.hpp"

// What every page tells the frame around it (apps/site/layout.html, apps/admin/layout.html). Plain values: the frame
// knows no feature, the app fills them from whoever knows.
namespace ms::view {

/// The organisation whose site this is; read once at start, so pages point to it.
struct Site {
  std::string name;
  std::string url;        ///< where visitors reach the Site, without a slash at the end
  std::string admin_url;  ///< the same for Admin
  std::string representative;
  std::string address;
  std::string phone;
  std::string fax;
  std::string registration;  ///< 고유번호 or 사업자등록번호
  std::string email;
};

/// An entry of the menu. It says nothing about the visitor's place, so that one menu serves all requests.
struct MenuItem {
  std::string label;
  std::string href;
};

/// Who looks at the page.
struct Viewer {
  MemberId id = {};  ///< 0: a guest
  std::string name;
  std::string role;  ///< as a word to read, such as 직원
  bool signed_in = false;
  bool is_staff = false;
};

/// What a member is told of in every page's header.
struct Bell {
  MemberId member;
  std::optional<std::int64_t> number = {};  ///< of the live topic "u<member>"; nothing: it cannot be known now
  std::int64_t unread = 0;
};

/// A message about what was just done, shown once on the next page.
struct Flash {
  std::string text;  ///< empty: there is none
};

struct Page {
  std::string title = {};               ///< empty: the site's name alone
  std::string_view path;                ///< of the request, without its query
  std::string_view back = "/";          ///< where a login leads back to: a path of ours with its query
  bool open = false;                    ///< guests may read it too: logging out stays here
  std::string_view member_cookie = {};  ///< tells scripts who is logged in (web::Shell)
  std::string description = {};         ///< for search engines; empty: left out
  std::string canonical = {};           ///< the address under which they may list the page; empty: not at all
  Viewer viewer = {};
  std::optional<Bell> bell = {};  ///< nothing: there is none
  Flash flash = {};
  bool degraded = false;  ///< a part of the system is away: says that some functions rest
  const Site* site;       ///< never null
  std::span<const MenuItem> menu = {};
  std::string_view served_by = {};  ///< name of the app server; empty: not shown
};

/// The first character of a name, for the round picture beside it.
std::string_view initial(std::string_view name);

/// True on the page at `href`.
inline bool is_here(const Page& page, std::string_view href) { return page.path == href; }

/// True on the page at `href` and on those below it; below "/" are all, so that counts only itself.
inline bool leads_here(const Page& page, std::string_view href) {
  return is_here(page, href) || (href.size() > 1 && page.path.starts_with(href) && page.path[href.size()] == '/');
}

}  // namespace ms::view
