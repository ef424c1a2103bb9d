#include "apps/program/jobs.hpp"

#include <array>
#include <cstdlib>

#include "features/comments/comments.hpp"
#include "features/files/cleanup.hpp"
#include "features/files/prepare.hpp"
#include "features/posts/rerender.hpp"
#include "features/servers/servers.hpp"
#include "infra/decoding/decode.hpp"
#include "infra/idempotency/idempotency.hpp"

// All jobs of both programs. A new one is a line here, its handler in the feature that it belongs to, and its words in
// table [job_kind] of src/text/ko.toml.
namespace ms::program {
namespace {

using namespace std::chrono_literals;

enum class RunBy { both, site, admin };

struct Entry {
  std::string_view kind;
  RunBy run_by;
  std::optional<std::chrono::seconds> period;  ///< nullopt: only what is added by jobs::enqueue
  async<jobs::Outcome> (*handler)(Services& services, const Call& call, const std::string& payload);
  std::chrono::seconds time_limit = 10s;
};

/// A job that removes some rows at a time, until `remove` says that none is left.
async<jobs::Outcome> sweep(async<bool> remove) {
  const bool more = co_await std::move(remove);
  co_return jobs::Outcome{.done = !more};
}

constexpr std::array kJobs{
    Entry{"clean_files", RunBy::site, 1h,
          [](Services& services, const Call& call, const std::string& after) {
            return files::clean_up(services.db, call, services.store,
                                   std::chrono::days(services.settings.files.keep_days), after);
          },
          60s},
    Entry{"failed_jobs", RunBy::both, 24h,
          [](Services& services, const Call& call, const std::string&) {
            return sweep(jobs::remove_stale(services.db, call));
          }},
    Entry{"idempotency_keys", RunBy::both, 10min,  // each program sees its own
          [](Services& services, const Call& call, const std::string&) {
            return sweep(idempotency::delete_expired(services.db, call));
          }},
    Entry{"prepare_file", RunBy::site, std::nullopt,
          [](Services& services, const Call& call, const std::string& payload) {
            const files::FileId id{std::strtoll(payload.c_str(), nullptr, 10)};
            return files::prepare(services.db, call, services.store, decoding::decoder_path(), id);
          },
          150s},
    Entry{"rerender", RunBy::site, 10min,
          [](Services& services, const Call& call, const std::string& payload) {
            return posts::rerender(services.db, call, {posts::rendered_posts(), comments::rendered_comments()},
                                   payload);
          }},
    Entry{"server_programs", RunBy::site, 10min,
          [](Services& services, const Call& call, const std::string&) {
            return sweep(servers::delete_silent_programs(services.db, call));
          }},
    Entry{"server_samples", RunBy::admin, 10min,
          [](Services& services, const Call& call, const std::string&) {
            return sweep(servers::delete_old_samples(services.db, call));
          }},
    Entry{"servers", RunBy::site, 24h,
          [](Services& services, const Call& call, const std::string&) {
            return sweep(servers::delete_silent_servers(services.db, call));
          }},
    Entry{"sessions", RunBy::site, 10min,
          [](Services& services, const Call& call, const std::string&) {
            return sweep(services.sessions.delete_expired(call));
          }},
};

}  // namespace

void add_jobs(jobs::Runner& runner, Services& services, config::Program program) {
  const RunBy own = program == config::Program::site ? RunBy::site : RunBy::admin;
  for (const Entry& entry : kJobs) {
    if (entry.run_by != RunBy::both && entry.run_by != own) continue;
    jobs::Kind kind{.name = entry.kind, .handler = {}, .time_limit = entry.time_limit, .period = entry.period};
    kind.handler = [&services, handler = entry.handler](const Call& call, const std::string& payload) {
      return handler(services, call, payload);
    };
    runner.add(std::move(kind));
  }
}

}  // namespace ms::program
