#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "apps/cli/doctor/report.hpp"
#include "infra/config/config.hpp"

// The checks of `minschool doctor`. Each function adds its findings; none waits longer than a few seconds.
namespace ms::cli::doctor {

struct Places {
  std::filesystem::path dir = "/etc/minschool";
  std::filesystem::path nginx_dir = "/etc/nginx";
  std::filesystem::path share = "/usr/share/minschool";
  std::filesystem::path nginx_file() const { return nginx_dir / "conf.d/minschool-loadbalancer.conf"; }
};

/// The settings that exist and are valid: the files of a machine say which part of the system it is.
struct SiteFacts {
  std::optional<config::Settings> site;
  std::optional<config::Settings> admin;
  std::optional<config::Settings> monitor;
  std::optional<config::Settings> owner;
  bool nginx = false;
};

SiteFacts check_settings(const Places& places, Report& report);
void check_rights(const Places& places, Report& report);
void check_programs(const SiteFacts& facts, Report& report);
void check_disk(Report& report);
void check_storage(const SiteFacts& facts, Report& report);
void check_clock(Report& report);
void check_names(const SiteFacts& facts, Report& report);
void check_postgres(const Places& places, const SiteFacts& facts, Report& report);
void check_redis(const Places& places, const SiteFacts& facts, Report& report);
void check_front(const Places& places, const SiteFacts& facts, Report& report);
void check_nginx(const Places& places, const SiteFacts& facts, Report& report);

}  // namespace ms::cli::doctor
