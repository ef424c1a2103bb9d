#include "features/members/members.hpp"

#include <boost/json.hpp>

#include "features/members/store.hpp"
#include "features/members/weak_password.hpp"
#include "infra/core/text.hpp"
#include "infra/session/sessions.hpp"
#include "infra/write/write.hpp"

namespace ms::members {
namespace {

namespace json = boost::json;

constexpr auto kProfileTtl = std::chrono::seconds(60);

std::string profile_json(const Profile& profile) {
  return json::serialize(json::object{{"id", profile.id.value},
                                      {"name", profile.name},
                                      {"joinDate", rfc3339(profile.joined)},
                                      {"joined", profile.joined.time_since_epoch().count()},
                                      {"avatar", profile.avatar.empty() ? "" : "/avatars/" + profile.avatar}});
}

std::optional<Profile> parse_profile(std::string_view text) {
  json::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  const auto& object = value.get_object();
  const auto* id = object.if_contains("id");
  const auto* name = object.if_contains("name");
  const auto* joined = object.if_contains("joined");
  if (!id || !id->is_int64() || !name || !name->is_string() || !joined || !joined->is_int64()) return std::nullopt;
  Profile out{MemberId{id->get_int64()}, std::string(name->get_string()),
              Timestamp(std::chrono::microseconds(joined->get_int64()))};
  // A server of the version before knows no pictures.
  if (const auto* avatar = object.if_contains("avatar"); avatar && avatar->is_string()) {
    const std::string_view address = avatar->get_string();
    out.avatar = address.substr(address.rfind('/') + 1);
  }
  return out;
}

/// The cached text; "null" for an unknown id, so that repeated requests for it are cached, too.
async<std::string> load_profile(pg::Db& db, const Call& call, MemberId id) {
  pg::Batch batch = db.batch(call);
  const auto handle = store::profile(batch, id);
  co_await batch.send();
  const auto profile = handle.one();
  co_return profile ? profile_json(*profile) : "null";
}

std::string profile_key(MemberId id) { return "cache:user:profile:" + std::to_string(id.value); }

// The page sends the form again by itself after this time (web/js/retry.js).
Unexpected busy() { return fail(ErrorCode::unavailable, "login.busy"_msg, std::chrono::seconds(2)); }

}  // namespace

Unexpected taken_name() {
  return Unexpected(Error(ErrorCode::invalid, "error.invalid"_msg, {{"name", "join.name_of_staff"_msg}}));
}

Result<void> check_new_password(std::string_view password, std::string_view again, const PasswordContext& context) {
  const auto length = code_points(argon2::normal(password));
  std::vector<FieldError> wrong;
  if (length < kMinPasswordLength) wrong.push_back({"password", "join.password_short"_msg});
  if (length > kMaxPasswordLength) wrong.push_back({"password", "join.password_long"_msg});
  const std::string_view local = context.email.substr(0, context.email.find('@'));
  if (wrong.empty() && is_weak_password(password, {context.email, local, context.name, context.site})) {
    wrong.push_back({"password", "join.password_common"_msg});
  }
  if (argon2::normal(password) != argon2::normal(again))
    wrong.push_back({"password_again", "join.password_differs"_msg});
  if (wrong.empty()) return {};
  return Unexpected(Error(ErrorCode::invalid, "error.invalid"_msg, std::move(wrong)));
}

Result<void> check(const Registration& registration, std::string_view site) {
  std::vector<FieldError> wrong;
  const auto collect = [&wrong](const Result<void>& part) {
    if (!part) wrong.insert(wrong.end(), part.error().fields.begin(), part.error().fields.end());
  };
  if (!is_email(registration.email)) { wrong.push_back({"email", "join.email_wrong"_msg}); }
  collect(check_name(registration.name));
  collect(check_new_password(registration.password, registration.password_again,
                             {registration.email, registration.name, site}));
  if (!registration.terms) wrong.push_back({"terms", "join.terms_needed"_msg});
  if (!registration.privacy) wrong.push_back({"privacy", "join.privacy_needed"_msg});
  if (wrong.empty()) return {};
  return Unexpected(Error(ErrorCode::invalid, "error.invalid"_msg, std::move(wrong)));
}

Members::Members(pg::Db& db, cache::RedisCache& cache, limit::Limiter& limiter, write::Writer& writer,
                 Passwords passwords, LoginLimits limits, KnownDevices devices, std::vector<std::string> shows_names,
                 std::string site_name)
    : db_(db),
      cache_(cache),
      limiter_(limiter),
      writer_(writer),
      passwords_(passwords),
      limits_(limits),
      devices_(std::move(devices)),
      shows_names_(std::move(shows_names)),
      site_name_(std::move(site_name)) {}

async<Result<void>> Members::check_free(const Call& call, std::string name) {
  if (is_reserved(name, site_name_)) co_return taken_name();
  pg::Batch batch = db_.batch(call);
  const auto staff = store::staff_names(batch);
  co_await batch.send();
  if (looks_like_one_of(name, staff.all())) co_return taken_name();
  co_return Result<void>();
}

async<Result<Members::Proof>> Members::prove(const Call& call, const std::optional<store::Credentials>& member,
                                             std::string password) {
  const auto settings = argon2::parse(member ? member->password_settings : "");
  const auto forms = Passwords::forms(password);
  for (std::size_t i = 0; i < forms.size(); ++i) {
    const auto hash = co_await passwords_.hash(call, forms[i], settings ? *settings : argon2::fresh());
    if (!hash) co_return busy();
    pg::Batch batch = db_.batch(call);
    const auto right = store::is_password(batch, member ? member->id : MemberId(), *hash);
    co_await batch.send();
    if (right.one().value()) co_return Proof{*hash, i == 0 && settings && settings->costs == argon2::Costs()};
  }
  co_return fail(ErrorCode::unauthenticated, "login.wrong"_msg);
}

async<Result<std::optional<session::Claim>>> Members::join(const Call& call, Registration registration,
                                                           const ClientAddress& address) {
  write::Write write = writer_.begin(call, session::Viewer());
  if (write.replayed()) co_return std::nullopt;
  registration.email = normal_email(registration.email);
  if (auto ok = check(registration, site_name_); !ok) co_return Unexpected(ok.error());
  const bool allowed = co_await limiter_.allow(call, limits_.joins, address.visitor());
  if (!allowed) co_return fail(ErrorCode::too_many, "join.too_many"_msg, limits_.joins.window);
  if (auto ok = co_await check_free(call, registration.name.text()); !ok) co_return Unexpected(ok.error());
  const auto hash = co_await passwords_.hash_new(call, registration.password);
  if (!hash) {
    co_await limiter_.take_back(call, limits_.joins, address.visitor());
    co_return busy();
  }
  const auto inserted = store::insert(write, registration, *hash);
  const auto done = co_await write.commit({.result = inserted.id, .changes = write::Changes::nothing_shown()});
  if (!done && done.error().message.key == "db.users_email_key") {
    co_return Unexpected(Error(ErrorCode::conflict, "error.invalid"_msg, {{"email", "join.email_taken"_msg}}));
  }
  if (!done) co_return Unexpected(done.error());
  co_return session::Claim{inserted.row.one().value(), *hash};
}

/// Counts the try. A guesser cannot lock out a browser that has logged in before, nor a member at an address with few
/// wrong passwords; and all guessers together have a bounded number of tries.
async<std::optional<std::vector<Members::Count>>> Members::count_try(const Call& call, const LoginAttempt& attempt,
                                                                     const std::optional<std::string>& device) {
  std::vector<Count> counts;
  if (device) {
    counts.push_back({limits_.device, *device});
    const bool allowed = co_await limiter_.allow(call, limits_.device, *device);
    co_return allowed ? std::optional(counts) : std::nullopt;
  }
  // The address comes first: a try that it refuses does not count against the account.
  counts.push_back({limits_.address, attempt.address.visitor()});
  const auto from_address = co_await limiter_.count(call, limits_.address, attempt.address.visitor());
  if (from_address > limits_.address.limit) co_return std::nullopt;
  counts.push_back({limits_.account, attempt.email});
  const bool allowed = co_await limiter_.allow(call, limits_.account, attempt.email);
  if (allowed) co_return counts;
  if (from_address > kFewFailures) co_return std::nullopt;
  counts.push_back({limits_.reserve, attempt.email});
  const bool has_reserve = co_await limiter_.allow(call, limits_.reserve, attempt.email);
  co_return has_reserve ? std::optional(counts) : std::nullopt;
}

async<void> Members::take_back(const Call& call, const std::vector<Count>& counts) {
  for (const Count& count : counts) co_await limiter_.take_back(call, count.rule, count.subject);
}

async<Result<session::Claim>> Members::authenticate(const Call& call, LoginAttempt attempt) {
  attempt.email = normal_email(attempt.email);
  if (attempt.email.size() > kEmailLimit || attempt.password.size() > 4 * kMaxPasswordLength) {
    co_return fail(ErrorCode::unauthenticated, "login.wrong"_msg);
  }
  const auto device = devices_.find(attempt.devices, attempt.email, now());
  const auto counts = co_await count_try(call, attempt, device);
  if (!counts) co_return fail(ErrorCode::too_many, "login.too_many"_msg, limits_.account.window);

  pg::Batch batch = db_.batch(call);
  const auto handle = store::credentials(batch, attempt.email);
  co_await batch.send();
  const auto found = handle.one();
  auto proof = co_await prove(call, found, attempt.password);
  if (!proof) {
    if (proof.error().code == ErrorCode::unavailable) co_await take_back(call, *counts);
    co_return Unexpected(proof.error());
  }
  // A whole school may log in from one address, so only wrong passwords count against it.
  if (!device) co_await limiter_.take_back(call, limits_.address, attempt.address.visitor());
  if (found->suspended) co_return fail(ErrorCode::forbidden, "login.suspended"_msg);
  if (attempt.needed && !session::Permissions::parse(found->permissions).has(*attempt.needed)) {
    co_return fail(ErrorCode::forbidden, "login.staff_only"_msg);
  }
  // The Admin may not write passwords.
  if (!proof->current && !attempt.needed) {
    proof->hash = co_await rehash(call, found->id, std::move(attempt.password), std::move(proof->hash));
  }
  if (device) {
    limiter_.reset(limits_.device, *device);
  } else {
    limiter_.reset(limits_.account, attempt.email);
  }
  co_return session::Claim{found->id, std::move(proof->hash)};
}

async<std::optional<Timestamp>> Members::suspended_until(const Call& call, std::string email) {
  pg::Batch batch = db_.batch(call);
  const auto handle = store::suspended_until(batch, normal_email(email));
  co_await batch.send();
  co_return handle.one();
}

async<std::optional<Profile>> Members::profile(const Call& call, MemberId id) {
  auto fill = [this, id, &call] { return load_profile(db_, call, id); };
  const std::string text = co_await cache_.get(call, profile_key(id), kProfileTtl, std::move(fill));
  co_return parse_profile(text);
}

async<OwnData> Members::own_data(const Call& call, const session::Viewer& viewer) {
  pg::Batch batch = db_.batch(call);
  const auto handle = store::own_data(batch, viewer.id);
  co_await batch.send();
  co_return handle.one().value_or(OwnData{viewer.name, 0, viewer.hidden});
}

async<Result<void>> Members::rename(const Call& call, const session::Viewer& viewer, Name name,
                                    std::optional<std::int64_t> version) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return Result<void>();
  if (auto ok = check_name(name); !ok) co_return ok;
  const bool staff = viewer.may(session::Permission::admin);
  if (auto ok = co_await limiter_.allow_write(call, viewer.id, staff, limit::Write::edit); !ok) co_return ok;
  if (!staff) {
    if (auto ok = co_await check_free(call, name.text()); !ok) co_return ok;
  }
  if (version) store::guard_name(write, viewer.id, *version);
  store::rename(write, viewer.id, name);
  write.guard_member();
  std::vector<std::string> keys = shows_names_;
  keys.push_back(profile_key(viewer.id));
  co_return co_await write.commit(
      {.result = write::ResultId::none(), .changes = write::Changes::of_member(viewer.id).with_cache(std::move(keys))});
}

async<Result<void>> Members::change_password(const Call& call, const session::Viewer& viewer, std::string current,
                                             std::string next, std::string again) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return Result<void>();
  if (auto ok = check_new_password(next, again, {viewer.email, viewer.name, site_name_}); !ok) co_return ok;
  const std::string member = std::to_string(viewer.id.value);
  const bool allowed = co_await limiter_.allow(call, limits_.current, member);
  if (!allowed) co_return fail(ErrorCode::too_many, "login.too_many"_msg, limits_.current.window);
  pg::Batch batch = db_.batch(call);
  const auto handle = store::credentials(batch, viewer.email);
  co_await batch.send();
  const auto found = handle.one();
  const auto proof = co_await prove(call, found, std::move(current));
  if (!proof && proof.error().code == ErrorCode::unavailable) {
    co_await limiter_.take_back(call, limits_.current, member);
    co_return Unexpected(proof.error());
  }
  if (!proof)
    co_return Unexpected(Error(ErrorCode::invalid, "error.invalid"_msg, {{"current", "my.password_wrong"_msg}}));
  const auto hash = co_await passwords_.hash_new(call, next);
  if (!hash) {
    co_await limiter_.take_back(call, limits_.current, member);
    co_return busy();
  }
  store::set_password(write, viewer.id, proof->hash, *hash);
  write.guard_member();
  const auto done = co_await write.commit(
      {.result = write::ResultId::none(), .changes = write::Changes::of_sessions(viewer.id, viewer.session_id)});
  if (done) limiter_.reset(limits_.current, member);
  co_return done;
}

}  // namespace ms::members
