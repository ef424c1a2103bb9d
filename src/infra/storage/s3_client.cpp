#include "infra/storage/s3_client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <thread>

#include "infra/core/secret.hpp"
#include "infra/core/text.hpp"
#include "infra/storage/s3_xml.hpp"

namespace ms::storage::s3 {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr auto kConnectTime = milliseconds(3000);
constexpr std::size_t kMaxAnswer = 4 << 20;  // of a list with 1,000 keys, or of an error

/// The connection of this thread, kept between requests.
CURL* connection() {
  struct Library {
    Library() { ::curl_global_init(CURL_GLOBAL_DEFAULT); }
  };
  static const Library library;
  thread_local const std::unique_ptr<CURL, void (*)(CURL*)> handle(::curl_easy_init(), &::curl_easy_cleanup);
  if (handle) ::curl_easy_reset(handle.get());
  return handle.get();
}

/// One try of a request.
struct Try {
  const Take& take;
  bool ranged = false;  ///< only a part of the object is wanted
  CURL* curl = nullptr;
  Response response;
  std::uint64_t taken = 0;  ///< bytes that `take` got
  bool stopped = false;     ///< by `take`
  CURLcode outcome = CURLE_OK;

  bool success() const {
    constexpr int kPartialContent = 206;
    return ranged ? response.status == kPartialContent : response.status >= 200 && response.status < 300;
  }
};

std::size_t receive(char* data, std::size_t, std::size_t size, void* state) {
  auto& one = *static_cast<Try*>(state);
  long status = 0;
  ::curl_easy_getinfo(one.curl, CURLINFO_RESPONSE_CODE, &status);
  one.response.status = static_cast<int>(status);
  if (one.take && one.success()) {
    one.stopped = !one.take({data, size});
    one.taken += size;
    return one.stopped ? 0 : size;
  }
  if (one.response.body.size() + size > kMaxAnswer) return 0;
  one.response.body.append(data, size);
  return size;
}

std::size_t receive_header(char* data, std::size_t, std::size_t size, void* state) {
  constexpr std::string_view kEtag = "etag:";
  const std::string_view line(data, size);
  if (line.size() > kEtag.size() && ascii_lower(line.substr(0, kEtag.size())) == kEtag) {
    std::string_view value = trim(line.substr(kEtag.size()));
    if (value.size() >= 2 && value.starts_with('"')) value = value.substr(1, value.size() - 2);
    static_cast<Try*>(state)->response.etag = value;
  }
  return size;
}

struct Headers {
  curl_slist* list = nullptr;
  Headers() = default;
  Headers(const Headers&) = delete;
  Headers& operator=(const Headers&) = delete;
  ~Headers() { ::curl_slist_free_all(list); }
  void add(const std::string& line) { list = ::curl_slist_append(list, line.c_str()); }
};

template <class T>
void set(CURL* curl, CURLoption option, T value) {
  ::curl_easy_setopt(curl, option, value);
}

void perform(Try& one, const std::string& url, const Signable& signable, std::string_view body, milliseconds time,
             milliseconds silence) {
  one.curl = connection();
  if (one.curl == nullptr) {
    one.outcome = CURLE_FAILED_INIT;
    return;
  }
  const std::string method(signable.method);
  Headers headers;
  for (const auto& [name, value] : signable.headers) headers.add(name + ": " + value);
  headers.add("Expect:");
  set(one.curl, CURLOPT_URL, url.c_str());
  set(one.curl, CURLOPT_PROTOCOLS_STR, "http,https");
  set(one.curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(one.curl, CURLOPT_PATH_AS_IS, 1L);
  set(one.curl, CURLOPT_NOSIGNAL, 1L);
  set(one.curl, CURLOPT_NOPROXY, "*");  // the environment of the shell is not heeded
  if (method == "HEAD") {
    set(one.curl, CURLOPT_NOBODY, 1L);
  } else if (method == "DELETE") {
    set(one.curl, CURLOPT_CUSTOMREQUEST, method.c_str());
  } else if (method != "GET") {
    set(one.curl, CURLOPT_POSTFIELDS, body.data() == nullptr ? "" : body.data());
    set(one.curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    set(one.curl, CURLOPT_CUSTOMREQUEST, method.c_str());
  }
  set(one.curl, CURLOPT_HTTPHEADER, headers.list);
  set(one.curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(kConnectTime, time).count()));
  // A large object may take longer, as long as it moves.
  if (!one.take) set(one.curl, CURLOPT_TIMEOUT_MS, static_cast<long>(time.count()));
  set(one.curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(one.curl, CURLOPT_LOW_SPEED_TIME,
      static_cast<long>(std::chrono::ceil<std::chrono::seconds>(std::min(time, silence)).count()));
  set(one.curl, CURLOPT_WRITEFUNCTION, &receive);
  set(one.curl, CURLOPT_WRITEDATA, static_cast<void*>(&one));
  set(one.curl, CURLOPT_HEADERFUNCTION, &receive_header);
  set(one.curl, CURLOPT_HEADERDATA, static_cast<void*>(&one));
  one.outcome = ::curl_easy_perform(one.curl);
  long status = 0;
  ::curl_easy_getinfo(one.curl, CURLINFO_RESPONSE_CODE, &status);
  one.response.status = static_cast<int>(status);
  curl_off_t size = 0;
  ::curl_easy_getinfo(one.curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
  one.response.size = static_cast<std::uint64_t>(std::max<curl_off_t>(size, 0));
}

/// Whether the request may succeed when it is sent once more.
bool may_pass(const Try& one) {
  constexpr std::array kForNow{429, 500, 502, 503, 504};
  constexpr std::array kForEver{CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_PEER_FAILED_VERIFICATION,
                                CURLE_SSL_CACERT_BADFILE};
  if (one.outcome != CURLE_OK) return std::ranges::find(kForEver, one.outcome) == kForEver.end();
  return std::ranges::find(kForNow, one.response.status) != kForNow.end() ||
         text_of(one.response.body, "Code") == "RequestTimeout";
}

Fault fault_of(int status, std::string_view code) {
  constexpr int kNotFound = 404;
  constexpr int kInsufficientStorage = 507;
  constexpr std::array<std::string_view, 3> kFull{"XMinioStorageFull", "QuotaExceeded", "InsufficientStorage"};
  if (status == kNotFound) return Fault::not_found;
  if (status == kInsufficientStorage || std::ranges::find(kFull, code) != kFull.end()) return Fault::no_room;
  return Fault::failed;
}

Error error_of(const Try& one, const S3Config& config, const Request& request) {
  const std::string what =
      fmt::format("{} at {}: {} {}/{}", "S3", config.endpoint, request.method, config.bucket, request.key);
  if (one.outcome != CURLE_OK) return {Fault::failed, fmt::format("{}: {}", what, ::curl_easy_strerror(one.outcome))};
  const std::string code = text_of(one.response.body, "Code");
  const std::string message = text_of(one.response.body, "Message");
  return {fault_of(one.response.status, code),
          fmt::format("{}: {}{}{}", what, one.response.status, code.empty() ? "" : " " + code,
                      message.empty() ? "" : ": " + message)};
}

}  // namespace

Client::Client(S3Config config)
    : config_(std::move(config)),
      credentials_{config_.region, config_.access_key, config_.secret_key},
      host_(config_.endpoint.substr(config_.endpoint.find("://") + 3)) {}

std::string Client::path_of(std::string_view key) const {
  return key.empty() ? "/" + config_.bucket : fmt::format("/{}/{}", config_.bucket, key);
}

Result<Response> Client::send(Request request, const Take& take) const {
  constexpr auto kFirstPause = milliseconds(50);
  constexpr auto kMaxPause = milliseconds(2000);
  auto pause = kFirstPause;
  constexpr int kSlow = 15;  // times as much time
  const auto time = request.slow ? kSlow * config_.time : config_.time;
  auto end = Clock::now() + time;
  std::uint64_t offset = 0;
  std::uint64_t first = 0;  // byte that the caller asked for
  std::string last;
  if (const auto range = request.headers.find("range"); range != request.headers.end()) {
    // "bytes=FIRST-LAST", as get() writes it
    first = std::stoull(range->second.substr(std::string_view("bytes=").size()));
    last = range->second.substr(range->second.find('-') + 1);
  }
  while (true) {
    Signable signable{.method = request.method,
                      .path = "",
                      .query = request.query,
                      .headers = request.headers,
                      .payload_hash = hex_sha256(request.body)};
    const std::string path = path_of(request.key);
    signable.path = path;
    signable.headers["host"] = host_;
    if (request.method == "PUT" || request.method == "POST")
      signable.headers["content-type"] = "application/octet-stream";
    if (offset > 0) signable.headers["range"] = fmt::format("bytes={}-{}", first + offset, last);
    sign(signable, credentials_, now());
    const std::string query = query_text(signable.query);
    const std::string url = config_.endpoint + escape(path, true) + (query.empty() ? std::string() : "?" + query);
    Try one{.take = take, .ranged = signable.headers.contains("range"), .response = {}};
    const auto left = std::max(milliseconds(1), std::chrono::floor<milliseconds>(end - Clock::now()));
    perform(one, url, signable, request.body, left, time);
    if (one.stopped || (one.outcome == CURLE_OK && one.success())) return std::move(one.response);
    if (one.taken > 0) {  // it moves: the rest has as much time again
      offset += one.taken;
      end = Clock::now() + time;
    }
    if (!may_pass(one) || Clock::now() + pause >= end) return std::unexpected(error_of(one, config_, request));
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, kMaxPause);
  }
}

std::string Client::presigned(std::string_view key, int seconds) const {
  const std::string path = path_of(key);
  Signable signable{.method = "GET", .path = path, .query = {}, .headers = {{"host", host_}}, .payload_hash = ""};
  presign(signable, credentials_, now(), seconds);
  return escape(path, true) + "?" + query_text(signable.query);
}

}  // namespace ms::storage::s3
