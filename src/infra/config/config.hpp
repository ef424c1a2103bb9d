#pragma once
#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "infra/config/program.hpp"
#include "infra/http/server.hpp"
#include "infra/pg/db.hpp"
#include "infra/redis/client.hpp"

// Typed configuration. One table (keys.cpp) defines each key, its meaning and its range, and drives everything: parsing
// the TOML file, MINSCHOOL_<SECTION>_<KEY> in the environment (which overrides the file), `<key>_file` for secrets, the
// error messages, and the documented example file.
namespace ms::storage {
struct Config;
}

namespace ms::config {

/// The defaults suit a small site on one machine; keys.cpp and deploy/minschool.example.toml explain each key.
struct Settings {
  struct Server {
    std::string name = "app1";
    std::string address = "127.0.0.1";
    int port = 3000;  ///< 3001 for the admin program, 3002 for the monitor
    int threads = 1;
    bool show_served_by = false;
    bool show_timing = false;
    bool metrics = true;
    int stop_seconds = 15;
  } server;
  struct Site {
    std::string name = "우리 센터";
    std::string url = "http://localhost:8080";
    std::string admin_url = "http://localhost:8081";
    int remember_ms = 1000;
    int post_pages_mb = 64;
    std::string representative;
    std::string address;
    std::string phone;
    std::string fax;
    std::string registration;
    std::string email;
  } site;
  struct Database {
    std::string url = "postgresql:///minschool";
    std::string password;
    int fast_connections = 3;
    int slow_connections = 0;
    int fast_timeout_ms = 2000;
    int slow_timeout_ms = 10000;
  } database;
  struct Redis {
    std::string host = "127.0.0.1";
    int port = 6379;
    std::string user;
    std::string password;
    int database = 0;
    int deadline_ms = 100;
  } redis;
  struct Session {
    std::string secret;
    std::vector<std::string> older_secrets;  ///< their signatures are still accepted
    std::string cookie = "connect.sid";      ///< "minschool.admin" for the admin program
    int hours = 24;
    int remember_days = 30;
    bool adopt = false;
  } session;
  struct Login {
    int tries_per_account = 10;
    int tries_per_address = 100;
    int window_minutes = 10;
    int joins_per_address = 100;
    int hash_threads = 1;
    int hash_queue = 64;
  } login;
  struct Writing {
    int posts = 20;
    int comments = 30;
    int edits = 30;
    int likes = 60;
    int follows = 30;
    int mentions = 60;
    int staff_factor = 10;
  } writing;
  struct Files {
    int file_mb = 500;
    int member_gb = 5;
    int site_gb = 100;
    int keep_days = 30;
  } files;
  struct Storage {
    std::string folder = "/var/lib/minschool/files";
    std::string s3_endpoint;  ///< empty: the folder
    std::string s3_region = "us-east-1";
    std::string s3_bucket;
    std::string s3_access_key;
    std::string s3_secret_key;
    int threads = 4;
  } storage;
  struct Http {
    int head_bytes = 16384;
    int body_bytes = 1048576;
    int connections = 16384;
    int request_seconds = 10;
    int answer_ms = 1800;
    int in_flight = 1024;
  } http;
  struct Live {
    int streams = 12000;
    int max_streams_per_member = 12;
  } live;
  struct Proxy {
    std::vector<std::string> trusted = {"127.0.0.0/8", "::1/128"};
    std::vector<std::string> monitors = {"http://127.0.0.1:3002"};
  } proxy;
  struct Monitor {
    std::string log_socket = "/run/minschool/monitor.sock";
    std::string nginx_config = "/etc/nginx/conf.d/minschool-loadbalancer.conf";
    std::string nginx_status = "http://127.0.0.1/nginx_status";
    std::string saved_pages = "/var/lib/minschool/saved-pages";
    int probe_ms = 1000;
    std::string url = "http://127.0.0.1:3002";
  } monitor;
  struct Log {
    std::string level = "info";
    bool requests = true;
    bool to_stdout = false;
  } log;
};

/// The defaults of a program, before any file is read.
Settings defaults(Program program);

/// The settings from the file at `path` (empty: from the environment alone), overridden by the environment. The error
/// is one line for the operator: file (line), key, what is wrong and how to correct it; never the value of a secret.
std::expected<Settings, std::string> load(Program program, const std::filesystem::path& path);

/// A documented TOML file with every key at its default (deploy/minschool.example.toml is this text).
std::string example();

/// Connection settings including the password; `application_name` shows in pg_stat_activity.
pg::Config pg_config(const Settings& settings);
redis::Config redis_config(const Settings& settings);
storage::Config storage_config(const Settings& settings);
http::Limits http_limits(const Settings& settings);

}  // namespace ms::config
