#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "infra/core/time.hpp"
#include "infra/pg/db.hpp"
#include "infra/web/router.hpp"
#include "infra/write/write.hpp"

// The jobs of both programs (infra/jobs): running, waiting and failed ones. Staff can rerun or remove failed ones.
namespace ms::admin {

/// One row of the table.
struct JobRow {
  std::int64_t id = 0;
  std::string kind;
  bool of_admin = false;  ///< the Admin runs it, else the Site
  bool periodic = false;
  int attempts = 0;
  int max_attempts = 0;
  std::optional<std::string> running_on;  ///< a server's name
  std::optional<std::string> last_error;
  bool failed = false;
  std::optional<Timestamp> next_run;  ///< of a running job: when another server takes it over. nullopt: never
};
/// "글과 댓글 다시 변환"; the kind itself when this program does not know it.
std::string kind_word(const std::string& kind);

struct JobsPage {
  const std::vector<JobRow>& jobs;  ///< failed ones first, then running ones, then by time
  bool more = false;                ///< there are more jobs than shown
  bool may_act = false;
};

/// GET /jobs; POST /jobs/{id}/run and /jobs/{id}/remove.
void add_jobs_routes(web::Router& router, pg::Db& db, write::Writer& writer);

}  // namespace ms::admin
