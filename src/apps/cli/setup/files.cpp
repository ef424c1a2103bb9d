#include "apps/cli/setup/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include "apps/cli/command.hpp"
#include "apps/cli/tool.hpp"
#include "infra/core/secret.hpp"
#include "infra/core/text.hpp"
#include "infra/core/visible.hpp"

namespace ms::cli::setup {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSecretBytes = 32;

mode_t mode_of(Readers readers) {
  switch (readers) {
    case Readers::root:
      return 0600;
    case Readers::programs:
      return 0640;
    case Readers::everybody:
      break;
  }
  return 0644;
}

Failure cannot(const fs::path& path) {
  return Failure(fmt::format("{} cannot be written: {}; run this as root", path.string(), std::strerror(errno)));
}

/// The programs' group, where the package has created it.
void give_to_readers(int file, Readers readers, const fs::path& path) {
  if (::fchmod(file, mode_of(readers)) != 0) throw cannot(path);
  const group* programs = readers == Readers::programs && ::geteuid() == 0 ? ::getgrnam("minschool") : nullptr;
  if (programs != nullptr && ::fchown(file, 0, programs->gr_gid) != 0) throw cannot(path);
}

void write_whole(const fs::path& path, std::string_view content, Readers readers) {
  const fs::path unfinished = path.string() + ".new";
  ::unlink(unfinished.c_str());
  const File file(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) throw cannot(path);
  give_to_readers(file.get(), readers, path);
  write_all(file.get(), content.data(), content.size());
  if (::fsync(file.get()) != 0 || ::rename(unfinished.c_str(), path.c_str()) != 0) throw cannot(path);
}

/// Narrows the rights: somebody may have copied the file with other ones.
void narrow(const fs::path& path, Readers readers) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0 || (found.st_mode & 0777 & ~mode_of(readers)) == 0) return;
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw cannot(path);
  give_to_readers(file.get(), readers, path);
  print_step(fmt::format("{}: others may not read it any more", path.string()));
}

}  // namespace

void print_step(std::string_view line) { std::cout << line << std::endl; }

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    if (!fs::exists(path)) return "";
    throw Failure(fmt::format("{} cannot be read; run this as root", path.string()));
  }
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

bool put_file(const fs::path& path, std::string_view content, Readers readers) {
  if (fs::exists(path) && read_file(path) == content) return false;
  write_whole(path, content, readers);
  print_step(fmt::format("wrote {}", path.string()));
  return true;
}

bool put_new_file(const fs::path& path, std::string_view content, Readers readers) {
  if (fs::exists(path)) {
    narrow(path, readers);
    return false;
  }
  return put_file(path, content, readers);
}

std::string secret_in(const fs::path& path, Readers readers) {
  if (!fs::exists(path)) put_file(path, secret::random_text(kSecretBytes) + "\n", readers);
  narrow(path, readers);
  auto text = std::string(trim(read_file(path)));
  if (text.empty()) throw Failure(fmt::format("{} is empty; delete it, and a new secret is made", path.string()));
  std::istringstream lines(text);  // session.secret may have several, the newest first
  for (std::string line; std::getline(lines, line);) {
    if (const auto visible = visible_secret(line); !visible)
      throw Failure(fmt::format("{} {}", path.string(), visible.error()));
  }
  return text;
}

}  // namespace ms::cli::setup
