#include "infra/http/open_stream.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>

#include "infra/http/connection.hpp"

namespace ms::http {
namespace {

using boost::system::error_code;

// The kernel would take megabytes for a reader that does not read (tcp_wmem). Linux doubles it.
constexpr int kSendBuffer = 16 * 1024;
constexpr std::size_t kAtOnce = 16;  // chunks of one writev

}  // namespace

std::shared_ptr<OpenStream> OpenStream::start(std::shared_ptr<Hub> hub, Socket socket, std::string head) {
  auto stream = std::make_shared<OpenStream>(std::move(hub), std::move(socket));
  stream->hub_->streams.push_back(*stream);
  ++stream->hub_->stream_count;
  stream->await_peer();
  stream->send(std::make_shared<const std::string>(std::move(head)));
  return stream;
}

OpenStream::OpenStream(std::shared_ptr<Hub> hub, Socket socket) : hub_(std::move(hub)), socket_(std::move(socket)) {
  error_code ignored;
  socket_.set_option(asio::socket_base::send_buffer_size(kSendBuffer), ignored);
}

bool OpenStream::send(std::shared_ptr<const std::string> bytes) {
  if (state_ != State::open) return false;
  if (waits()) {
    const std::size_t under_way = waiting_.front()->size() - written_;
    if (unread_ - under_way > hub_->limits.stream_bytes) {
      cut();
      return false;
    }
    unread_ += bytes->size();
    waiting_.push_back(std::move(bytes));
    return true;
  }
  error_code error;
  const std::size_t written = socket_.write_some(asio::buffer(*bytes), error);
  if (error && error != asio::error::would_block) {
    cut();
    return false;
  }
  if (written == bytes->size()) return true;
  written_ = written;
  unread_ = bytes->size() - written;
  waiting_.push_back(std::move(bytes));
  await_room();
  return true;
}

void OpenStream::close() {
  if (state_ != State::open) return;
  state_ = State::closing;
  if (!waits()) cut();
}

void OpenStream::on_end(std::function<void()> over, std::function<std::string()> last_words) {
  if (state_ == State::ended) {
    if (over) asio::post(socket_.get_executor(), std::move(over));
    return;
  }
  over_ = std::move(over);
  last_words_ = std::move(last_words);
}

void OpenStream::cut() {
  if (state_ == State::ended) return;
  const auto alive = shared_from_this();  // the caller may be the last but the wait that ends here
  state_ = State::ended;
  unlink();
  error_code ignored;
  socket_.close(ignored);
  waiting_.clear();
  last_words_ = nullptr;
  if (over_) asio::post(socket_.get_executor(), std::move(over_));
  over_ = nullptr;
  --hub_->stream_count;
  hub_->tell_if_empty();
}

void OpenStream::leave() {
  if (state_ == State::open && !waits() && last_words_) send(std::make_shared<const std::string>(last_words_()));
  cut();
}

// Nothing is to be read: whoever becomes readable has left, or is none of those who follow a stream.
void OpenStream::await_peer() {
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](error_code) { self->cut(); });
}

void OpenStream::await_room() {
  deadline_ = Clock::now() + hub_->limits.write_time;
  unlink();
  hub_->streams.push_front(*this);
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](error_code error) {
    if (!error && self->state_ != State::ended) self->write_waiting();
  });
}

void OpenStream::write_waiting() {
  std::array<asio::const_buffer, kAtOnce> buffers;
  const std::size_t count = std::min(waiting_.size(), kAtOnce);
  for (std::size_t i = 0; i < count; ++i) buffers.at(i) = asio::buffer(*waiting_[i]);
  buffers[0] += written_;
  error_code error;
  const std::size_t written = socket_.write_some(buffers, error);
  if (error && error != asio::error::would_block) return cut();
  unread_ -= written;
  written_ += written;
  auto next = waiting_.begin();
  while (next != waiting_.end() && written_ >= (*next)->size()) written_ -= (*next++)->size();
  waiting_.erase(waiting_.begin(), next);
  if (waits()) return await_room();
  waiting_.shrink_to_fit();
  if (state_ == State::closing) return cut();
  unlink();
  hub_->streams.push_back(*this);
}

}  // namespace ms::http
