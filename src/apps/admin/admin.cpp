#include "apps/admin/admin.hpp"

#include "apps/admin/layout.html.hpp"
#include "apps/admin/pages/dashboard.hpp"
#include "apps/admin/pages/jobs.hpp"
#include "features/audit/audit.hpp"
#include "features/files/files.hpp"
#include "features/members/staff.hpp"
#include "features/moderation/moderation.hpp"
#include "features/servers/servers.hpp"

namespace ms::admin {
namespace {

/// The paths that need no login.
bool is_open(std::string_view path) { return path == "/login" || path == "/logout"; }

class Admin final : public program::App {
 public:
  explicit Admin(program::Services& services)
      : services_(services),
        staff_(services.db, services.writer),
        moderation_(services.db, services.writer),
        watch_(services.db, services.redis, services.settings.monitor.url),
        servers_(services.db, watch_, services.writer) {}

  void add_routes(web::Router& router) override {
    add_dashboard_routes(router, services_.db, services_.redis, services_.cache, services_.presence);
    members::add_login_routes(router, services_.members, services_.sessions, session::Permission::admin);
    members::add_admin_routes(router, staff_);
    boards::add_admin_routes(router, services_.boards);
    moderation::add_admin_routes(router, moderation_, services_.boards);
    files::add_admin_routes(router, services_.db, std::int64_t{services_.settings.files.site_gb} << 30);
    servers::add_admin_routes(router, servers_);
    add_jobs_routes(router, services_.db, services_.writer);
    audit::add_admin_routes(router, services_.db);
  }

  web::Layout layout() const override { return &admin::layout; }
  async<void> prepare(web::Context&) override { co_return; }

  std::optional<http::Response> gate(const web::Context& ctx) override {
    if (is_open(ctx.request.path)) return std::nullopt;
    if (!ctx.viewer.signed_in())
      return ctx.error_response(Error(ErrorCode::unauthenticated, "error.unauthenticated"_msg));
    if (!ctx.viewer.may(session::Permission::admin))
      return ctx.error_response(Error(ErrorCode::forbidden, "login.staff_only"_msg));
    return std::nullopt;
  }

  async<void> background() override { return watch_.keep_history(); }
  std::size_t waiting() const noexcept override { return 0; }
  async<void> finish() override { co_return; }

 private:
  program::Services& services_;
  members::Staff staff_;
  moderation::Moderation moderation_;
  servers::ServerMonitor watch_;
  servers::Servers servers_;
};

}  // namespace

std::unique_ptr<program::App> make(program::Services& services) { return std::make_unique<Admin>(services); }

}  // namespace ms::admin
