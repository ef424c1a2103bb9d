#include "apps/monitor/log_socket.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace ms::monitor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class LogSocketTest : public testing::Test {
 protected:
  LogSocketTest() { std::filesystem::create_directory(folder_); }
  ~LogSocketTest() override { std::filesystem::remove_all(folder_); }

  /// A blocking writer, unlike Nginx, so that nothing is lost.
  int writer() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  static void send(int fd, const std::string& datagram) { ::send(fd, datagram.data(), datagram.size(), MSG_NOSIGNAL); }

  const std::string folder_ = "/tmp/minschool-log-socket-" + std::to_string(::getpid());
  const std::string path_ = folder_ + "/log.sock";
  asio::io_context io_{1};
};

TEST_F(LogSocketTest, PassesDatagramsAndCountsOverlongOnes) {
  LogSocket log(io_, path_);
  std::vector<std::string> taken;
  asio::co_spawn(io_, log.run([&](std::string_view datagram) {
    taken.emplace_back(datagram);
    if (datagram == "last") log.close();
  }),
                 asio::detached);
  std::thread nginx([this] {
    const int fd = writer();
    send(fd, "first");
    send(fd, "");
    send(fd, std::string(5000, 'x'));
    send(fd, "last");
    ::close(fd);
  });
  io_.run();
  nginx.join();
  EXPECT_THAT(taken, ElementsAre("first", "", "last"));
  EXPECT_EQ(log.too_long(), 1U);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(LogSocketTest, LetsOtherWorkRunInAFlood) {
  constexpr int kFlood = 20000;
  LogSocket log(io_, path_);
  int taken = 0;
  int turns = 0;
  asio::co_spawn(io_, log.run([&](std::string_view) {
    if (++taken == kFlood) log.close();
  }),
                 asio::detached);
  std::function<void()> other = [&] {
    ++turns;
    if (taken < kFlood) asio::post(io_, other);
  };
  asio::post(io_, other);
  std::thread nginx([this] {
    const int fd = writer();
    for (int i = 0; i < kFlood; ++i) send(fd, "garbage");
    ::close(fd);
  });
  io_.run();
  nginx.join();
  EXPECT_EQ(taken, kFlood);
  EXPECT_GT(turns, 10);
}

TEST_F(LogSocketTest, ReplacesOnlyAStaleSocket) {
  {
    const LogSocket log(io_, path_);
    try {
      const LogSocket second(io_, path_);
      FAIL() << "two monitors on one socket";
    } catch (const std::runtime_error& error) { EXPECT_THAT(error.what(), HasSubstr("another monitor reads")); }
    std::filesystem::create_hard_link(path_, path_ + ".kept");
  }
  std::filesystem::rename(path_ + ".kept", path_);  // as a killed monitor leaves it
  EXPECT_NO_THROW(LogSocket(io_, path_));
  std::ofstream(path_) << "somebody's file";
  try {
    const LogSocket log(io_, path_);
    FAIL() << "took a file's place";
  } catch (const std::runtime_error& error) { EXPECT_THAT(error.what(), HasSubstr("no socket")); }
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(LogSocketTest, ReportsWhyItCannotBeCreated) {
  try {
    const LogSocket log(io_, folder_ + "/none/log.sock");
    FAIL() << "made without a folder";
  } catch (const std::runtime_error& error) { EXPECT_THAT(error.what(), HasSubstr("No such file or directory")); }
  EXPECT_THROW(LogSocket(io_, "/tmp/" + std::string(200, 'x')), std::runtime_error);
}

}  // namespace
}  // namespace ms::monitor
