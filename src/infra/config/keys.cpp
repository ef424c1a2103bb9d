#include "infra/config/keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "infra/config/proxies.hpp"
#include "infra/http/fetch.hpp"

namespace ms::config {
namespace {

template <auto Section, auto Member>
auto& at(Settings& settings) {
  return settings.*Section.*Member;
}

std::string_view filled(std::string_view text) { return text.empty() ? "a text that is not empty" : ""; }

std::string_view web_url(std::string_view text) {
  const bool scheme = text.starts_with("http://") || text.starts_with("https://");
  return scheme && !text.ends_with('/') ? "" : "a URL that begins with http:// or https:// and has no / at its end";
}

std::string_view web_url_or_nothing(std::string_view text) { return text.empty() ? "" : web_url(text); }

/// RFC 6265 4.1.1: a cookie name is a token (RFC 9110 5.6.2).
std::string_view cookie_name(std::string_view text) {
  const auto token = [](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter || std::string_view("!#$%&'*+-.^_`|~").contains(c);
  };
  return !text.empty() && std::ranges::all_of(text, token) ? "" : "a cookie name: letters, digits, '.', '-' and '_'";
}

std::string_view absolute_path(std::string_view text) {
  return text.starts_with('/') ? "" : "a path that begins with /";
}

std::string_view bucket_name(std::string_view text) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789.-";
  return text.find_first_not_of(kLetters) == text.npos ? "" : "a bucket's name: small letters, digits, '.' and '-'";
}

std::string networks(const std::vector<std::string>& list) {
  const auto parsed = TrustedProxies::parse(list);
  return parsed ? "" : fmt::format("must hold networks such as \"10.0.0.0/8\": {}", parsed.error());
}

std::string numeric_urls(const std::vector<std::string>& list) {
  for (const std::string& url : list) {
    if (!web_url(url).empty() || !http::parse_url(url)) {
      return fmt::format("must hold URLs with a numeric address such as \"http://10.0.0.5:3002\", not \"{}\"", url);
    }
  }
  return "";
}

std::string_view log_level(std::string_view text) {
  constexpr std::array kLevels{"trace", "debug", "info", "warn", "error", "critical", "off"};
  return std::ranges::find(kLevels, text) != kLevels.end() ? ""
                                                           : "one of trace, debug, info, warn, error, critical and off";
}

using S = Settings;
constexpr int kMaxPort = 65535;
constexpr int kMaxSeconds = 3600;
constexpr std::size_t kMinSecret = 32;  // 128 bits as hexadecimal digits

const std::array kKeys{
    Key{"server", "name", "Name of this instance in the monitor, in logs and in the X-Served-By header.",
        Text{at<&S::server, &S::Server::name>, filled}},
    Key{"server", "address", "Address to listen on; only Nginx should reach it.",
        Text{at<&S::server, &S::Server::address>, filled}},
    Key{"server", "port",
        "Port to listen on: 3000 for the site, 3001 for the admin and 3002 for the monitor unless set.",
        Number{at<&S::server, &S::Server::port>, 1, kMaxPort}, true},
    Key{"server", "threads", "Threads that answer requests; about one per processor core.",
        Number{at<&S::server, &S::Server::threads>, 1, 256}},
    Key{"server", "show_served_by", "Whether answers carry X-Served-By.",
        Flag{at<&S::server, &S::Server::show_served_by>}},
    Key{"server", "show_timing", "Whether answers carry Server-Timing.", Flag{at<&S::server, &S::Server::show_timing>}},
    Key{"server", "metrics", "Whether the site and the admin count requests and answer GET /metrics.",
        Flag{at<&S::server, &S::Server::metrics>}},
    Key{"server", "stop_seconds", "Longest time that requests get to finish when the program is stopped.",
        Number{at<&S::server, &S::Server::stop_seconds>, 0, kMaxSeconds}},

    Key{"site", "name", "Name of the organisation, on every page.", Text{at<&S::site, &S::Site::name>, filled}},
    Key{"site", "url", "Public address of the site.", Text{at<&S::site, &S::Site::url>, web_url}},
    Key{"site", "admin_url", "Public address of the admin.", Text{at<&S::site, &S::Site::admin_url>, web_url}},
    Key{"site", "remember_ms",
        "Milliseconds for which the site may show again what it has read; changes are seen at once. 0: never.",
        Number{at<&S::site, &S::Site::remember_ms>, 0, 60'000}},
    Key{"site", "post_pages_mb", "MB of each thread for posts and their comments, which it then need not read again.",
        Number{at<&S::site, &S::Site::post_pages_mb>, 1, 4096}},
    Key{"site", "representative", "Head of the organisation, in the footer; empty lines are left out there.",
        Text{at<&S::site, &S::Site::representative>}},
    Key{"site", "address", "Postal address, in the footer.", Text{at<&S::site, &S::Site::address>}},
    Key{"site", "phone", "Telephone number, in the footer.", Text{at<&S::site, &S::Site::phone>}},
    Key{"site", "fax", "Fax number, in the footer.", Text{at<&S::site, &S::Site::fax>}},
    Key{"site", "registration", "Registration number of the organisation, in the footer.",
        Text{at<&S::site, &S::Site::registration>}},
    Key{"site", "email", "Mail address for enquiries, in the footer.", Text{at<&S::site, &S::Site::email>}},

    Key{"database", "url",
        "PostgreSQL as a URI or a conninfo string; with several hosts add target_session_attrs=read-write.",
        Text{at<&S::database, &S::Database::url>, filled}},
    Key{"database", "password", "Password of the database role, if it needs one.",
        Secret{at<&S::database, &S::Database::password>}},
    Key{"database", "fast_connections", "Connections per thread that answer pages; the Admin has 1.",
        Number{at<&S::database, &S::Database::fast_connections>, 1, 64}},
    Key{"database", "slow_connections",
        "Connections per thread for search and large lists; 0: those of pages. The Admin has 1.",
        Number{at<&S::database, &S::Database::slow_connections>, 0, 64}},
    Key{"database", "fast_timeout_ms", "Milliseconds after which a statement of a page is cancelled.",
        Number{at<&S::database, &S::Database::fast_timeout_ms>, 10, kMaxSeconds * 1000}},
    Key{"database", "slow_timeout_ms", "The same for search and large lists.",
        Number{at<&S::database, &S::Database::slow_timeout_ms>, 10, kMaxSeconds * 1000}},

    Key{"redis", "host", "Host, address, or path of a unix socket (begins with /).",
        Text{at<&S::redis, &S::Redis::host>, filled}},
    Key{"redis", "port", "Port; not used with a unix socket.", Number{at<&S::redis, &S::Redis::port>, 1, kMaxPort}},
    Key{"redis", "user", "ACL user; empty means the default user.", Text{at<&S::redis, &S::Redis::user>}},
    Key{"redis", "password", "Password of that user, if it needs one.", Secret{at<&S::redis, &S::Redis::password>}},
    Key{"redis", "database", "Number of the Redis database.", Number{at<&S::redis, &S::Redis::database>, 0, 1023}},
    Key{"redis", "deadline_ms", "Milliseconds after which a page goes on without Redis.",
        Number{at<&S::redis, &S::Redis::deadline_ms>, 1, 10000}},

    Key{"session", "secret",
        "Signs the session cookie: at least 32 random characters, the same on all instances (openssl rand -hex 32). In "
        "more lines: those before, which still hold (docs/operating.md).",
        Secret{at<&S::session, &S::Session::secret>, kMinSecret, at<&S::session, &S::Session::older_secrets>}},
    Key{"session", "cookie",
        "Name of the cookie: connect.sid for the site and minschool.admin for the admin unless set. Of a site with "
        "https, __Host- stands before it, unless [session] adopt.",
        Text{at<&S::session, &S::Session::cookie>, cookie_name}, true},
    Key{"session", "hours", "Hours without a request after which a member is signed out.",
        Number{at<&S::session, &S::Session::hours>, 1, 24 * 365}},
    Key{"session", "remember_days", "Days that \"stay signed in\" lasts.",
        Number{at<&S::session, &S::Session::remember_days>, 1, 365}},
    Key{"session", "adopt",
        "Accept sessions made by an express-session program with the same secret (the site only; docs/operating.md): "
        "whoever can write to Redis can then be any member there.",
        Flag{at<&S::session, &S::Session::adopt>}},

    Key{"login", "tries_per_account",
        "Wrong passwords for one account within the window, from browsers that never logged in to it, before these "
        "wait.",
        Number{at<&S::login, &S::Login::tries_per_account>, 1, 1000000}},
    Key{"login", "tries_per_address",
        "Wrong passwords from one address (of IPv6 one /64) within the window before it waits. A school has one "
        "address.",
        Number{at<&S::login, &S::Login::tries_per_address>, 1, 1000000}},
    Key{"login", "window_minutes", "Length of that window.",
        Number{at<&S::login, &S::Login::window_minutes>, 1, 24 * 60}},
    Key{"login", "joins_per_address", "Sign-ups from one address in an hour. Whole classes sign up from one address.",
        Number{at<&S::login, &S::Login::joins_per_address>, 1, 1000000}},
    Key{"login", "hash_threads", "Threads that check passwords; each needs 19 MiB while it works.",
        Number{at<&S::login, &S::Login::hash_threads>, 1, 64}},
    Key{"login", "hash_queue", "Logins that may wait for them; the browsers of more try again by themselves.",
        Number{at<&S::login, &S::Login::hash_queue>, 1, 10000}},

    Key{"writing", "posts", "Posts that one member may write in a minute.",
        Number{at<&S::writing, &S::Writing::posts>, 1, 1000000}},
    Key{"writing", "comments", "The same for comments and replies.",
        Number{at<&S::writing, &S::Writing::comments>, 1, 1000000}},
    Key{"writing", "edits", "The same for edits and deletions, and changes of one's own name and settings.",
        Number{at<&S::writing, &S::Writing::edits>, 1, 1000000}},
    Key{"writing", "likes", "The same for likes and for taking them back.",
        Number{at<&S::writing, &S::Writing::likes>, 1, 1000000}},
    Key{"writing", "follows", "The same for following boards.",
        Number{at<&S::writing, &S::Writing::follows>, 1, 1000000}},
    Key{"writing", "mentions", "Members that one member may mention in a minute.",
        Number{at<&S::writing, &S::Writing::mentions>, 1, 1000000}},
    Key{"writing", "staff_factor", "How many times as much staff may write.",
        Number{at<&S::writing, &S::Writing::staff_factor>, 1, 1000}},

    Key{"files", "file_mb", "Largest file that a member may attach, in MB.",
        Number{at<&S::files, &S::Files::file_mb>, 1, 5000}},
    Key{"files", "member_gb", "What the attachments of one member may take up together, in GB.",
        Number{at<&S::files, &S::Files::member_gb>, 1, 100'000}},
    Key{"files", "site_gb", "The same for all files of the site.",
        Number{at<&S::files, &S::Files::site_gb>, 1, 1'000'000}},
    Key{"files", "keep_days", "Days for which the files of deleted posts and abandoned drafts are kept.",
        Number{at<&S::files, &S::Files::keep_days>, 1, 3650}},

    Key{"storage", "folder", "Folder of the files, which all app servers and Nginx share.",
        Text{at<&S::storage, &S::Storage::folder>, absolute_path}},
    Key{"storage", "s3_endpoint",
        "URL of an S3 store in place of the folder, such as https://s3.ap-northeast-2.amazonaws.com.",
        Text{at<&S::storage, &S::Storage::s3_endpoint>, web_url_or_nothing}},
    Key{"storage", "s3_region", "Region that requests to it are signed for.",
        Text{at<&S::storage, &S::Storage::s3_region>, filled}},
    Key{"storage", "s3_bucket", "Bucket there, which exists and holds nothing else.",
        Text{at<&S::storage, &S::Storage::s3_bucket>, bucket_name}},
    Key{"storage", "s3_access_key", "Id of the access key.", Text{at<&S::storage, &S::Storage::s3_access_key>}},
    Key{"storage", "s3_secret_key", "Secret of that access key.", Secret{at<&S::storage, &S::Storage::s3_secret_key>}},
    Key{"storage", "threads", "Threads that read and write files.",
        Number{at<&S::storage, &S::Storage::threads>, 1, 64}},

    Key{"http", "head_bytes", "Largest head of a request (request line and fields).",
        Number{at<&S::http, &S::Http::head_bytes>, 1024, 1 << 20}},
    Key{"http", "body_bytes", "Largest body of a request.", Number{at<&S::http, &S::Http::body_bytes>, 1024, 1 << 30}},
    Key{"http", "connections", "Open connections per thread; more are closed at once.",
        Number{at<&S::http, &S::Http::connections>, 1, 1 << 20}},
    Key{"http", "request_seconds", "Time that a client has to send the head of a request.",
        Number{at<&S::http, &S::Http::request_seconds>, 1, kMaxSeconds}},

    Key{"http", "answer_ms",
        "Time that an answer may take before it is a 503. With Nginx asking a second time nobody waits over 3 s.",
        Number{at<&S::http, &S::Http::answer_ms>, 100, 60000}},
    Key{"http", "in_flight",
        "Requests that one thread works on at once; of more, guests are asked to try again first, writes last.",
        Number{at<&S::http, &S::Http::in_flight>, 4, 1 << 20}},

    Key{"live", "streams", "Open streams (GET /events) per thread; more are asked to come back later.",
        Number{at<&S::live, &S::Live::streams>, 0, 1 << 20}},
    Key{"live", "max_streams_per_member",
        "Of these, how many one member may have; each thread of each server counts for itself.",
        Number{at<&S::live, &S::Live::max_streams_per_member>, 1, 1000}},

    Key{"proxy", "trusted", "Networks (CIDR) whose X-Forwarded-For is trusted: where Nginx runs.",
        List{at<&S::proxy, &S::Proxy::trusted>, networks}},
    Key{"proxy", "monitors", "minschool-monitor of each Nginx, which purges saved pages; empty where Nginx saves none.",
        List{at<&S::proxy, &S::Proxy::monitors>, numeric_urls}},

    Key{"monitor", "log_socket", "Unix socket that it makes for Nginx's access log (datagrams of syslog).",
        Text{at<&S::monitor, &S::Monitor::log_socket>, absolute_path}},
    Key{"monitor", "nginx_config",
        "Nginx's file whose upstream blocks name the app servers; read again when it changes.",
        Text{at<&S::monitor, &S::Monitor::nginx_config>, absolute_path}},
    Key{"monitor", "nginx_status", "Where Nginx reports its connections (stub_status), by numeric address.",
        Text{at<&S::monitor, &S::Monitor::nginx_status>, web_url}},
    Key{"monitor", "saved_pages", "Folder of its own, by whose link Nginx knows whether it may save a page.",
        Text{at<&S::monitor, &S::Monitor::saved_pages>, absolute_path}},
    Key{"monitor", "probe_ms", "Milliseconds that an app server has to answer /health, which it is asked every second.",
        Number{at<&S::monitor, &S::Monitor::probe_ms>, 10, 10000}},

    Key{"monitor", "url",
        "Where the admin and `minschool monit` ask it what Nginx does, by numeric address; empty where none runs.",
        Text{at<&S::monitor, &S::Monitor::url>, web_url_or_nothing}},

    Key{"log", "level", "trace, debug, info, warn, error, critical or off.",
        Text{at<&S::log, &S::Log::level>, log_level}},
    Key{"log", "requests", "Whether each request is a line, at level info.", Flag{at<&S::log, &S::Log::requests>}},
    Key{"log", "to_stdout", "Whether all of it goes to standard output instead.",
        Flag{at<&S::log, &S::Log::to_stdout>}},
};

constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kSections{{
    {"server", "The program itself."},
    {"site", "The organisation."},
    {"database", "PostgreSQL holds everything."},
    {"redis", "Redis holds sessions and caches; pages work without it."},
    {"session", "Signed-in members."},
    {"login", "Limits against guessing passwords."},
    {"writing", "What one member may write in a minute, on all servers together."},
    {"files", "Attachments of posts."},
    {"storage", "Where files are stored."},
    {"http", "Limits against large and slow requests."},
    {"live", "Live updates of open pages (the site only)."},
    {"proxy", "Who stands in front."},
    {"monitor", "minschool-monitor, which watches Nginx and the app servers."},
    {"log", "What is written to standard error."},
}};

std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// The lines of one key: its sentence, then the key with its default. Keys without a common default are commented out.
struct Lines {
  const Key& key;
  Settings& values;
  std::string_view mark = key.by_program ? "#" : "";

  std::string line(std::string_view value) const { return fmt::format("{}{} = {}\n", mark, key.name, value); }
  std::string operator()(const Text& text) const { return line(toml_text(text.of(values))); }
  std::string operator()(const Flag& flag) const { return line(flag.of(values) ? "true" : "false"); }
  std::string operator()(const Number& number) const {
    return fmt::format("# {} to {}.\n", number.least, number.most) + line(std::to_string(number.of(values)));
  }
  std::string operator()(const List& list) const {
    std::string items;
    for (const auto& item : list.of(values)) items += (items.empty() ? "" : ", ") + toml_text(item);
    return line("[" + items + "]");
  }
  std::string operator()(const Secret&) const {
    return fmt::format("#{0}_file = \"/etc/minschool/{1}.{0}\"\n", key.name, key.section);
  }
};

}  // namespace

std::span<const Key> keys() { return kKeys; }

std::string_view section_doc(std::string_view section) {
  const auto found = std::ranges::find(kSections, section, [](const auto& entry) { return entry.first; });
  return found == kSections.end() ? std::string_view() : found->second;
}

std::string example() {
  std::string out =
      "# MinSchool's configuration; made by `minschool example-config`. What is left out has the value shown here.\n"
      "# Each key can be given in the environment as MINSCHOOL_<SECTION>_<KEY>, which wins over this file; a list is\n"
      "# then separated by commas. A secret is best given as <key>_file, the path of a file that holds nothing else\n"
      "# (relative to this file).\n";
  Settings values = defaults(Program::site);
  std::string_view section;
  for (const Key& key : keys()) {
    if (key.section != section) {
      section = key.section;
      out += fmt::format("\n# {}\n[{}]\n", section_doc(section), section);
    }
    out += fmt::format("# {}\n", key.doc) + std::visit(Lines{key, values}, key.value);
  }
  return out;
}

}  // namespace ms::config
