#include "infra/http/open_stream.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>

#include "infra/http/connection.hpp"

namespace ms::http {
namespace {

using boost::system::error_code;

// The kernel would buffer megabytes for a client that does not read (tcp_wmem). Linux doubles this value.
constexpr int kSendBuffer = 16 * 1024;
constexpr std::size_t kMaxChunks = 16;  // chunks of one writev

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
  if (has_pending()) {
    const std::size_t in_progress = pending_.front()->size() - written_;
    if (pending_bytes_ - in_progress > hub_->limits.stream_bytes) {
      cut();
      return false;
    }
    pending_bytes_ += bytes->size();
    pending_.push_back(std::move(bytes));
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
  pending_bytes_ = bytes->size() - written;
  pending_.push_back(std::move(bytes));
  await_room();
  return true;
}

void OpenStream::close() {
  if (state_ != State::open) return;
  state_ = State::closing;
  if (!has_pending()) cut();
}

void OpenStream::on_end(std::function<void()> on_end, std::function<std::string()> final_bytes) {
  if (state_ == State::ended) {
    if (on_end) asio::post(socket_.get_executor(), std::move(on_end));
    return;
  }
  on_end_ = std::move(on_end);
  final_bytes_ = std::move(final_bytes);
}

void OpenStream::cut() {
  if (state_ == State::ended) return;
  const auto alive = shared_from_this();  // the caller may hold the last reference besides the wait that ends here
  state_ = State::ended;
  unlink();
  error_code ignored;
  socket_.close(ignored);
  pending_.clear();
  final_bytes_ = nullptr;
  if (on_end_) asio::post(socket_.get_executor(), std::move(on_end_));
  on_end_ = nullptr;
  --hub_->stream_count;
  hub_->notify_if_empty();
}

void OpenStream::end() {
  if (state_ == State::open && !has_pending() && final_bytes_)
    send(std::make_shared<const std::string>(final_bytes_()));
  cut();
}

// The client sends nothing more: a socket that becomes readable has closed, or is not a client of streams.
void OpenStream::await_peer() {
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](error_code) { self->cut(); });
}

void OpenStream::await_room() {
  deadline_ = Clock::now() + hub_->limits.write_time;
  unlink();
  hub_->streams.push_front(*this);
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](error_code error) {
    if (!error && self->state_ != State::ended) self->write_pending();
  });
}

void OpenStream::write_pending() {
  std::array<asio::const_buffer, kMaxChunks> buffers;
  const std::size_t count = std::min(pending_.size(), kMaxChunks);
  for (std::size_t i = 0; i < count; ++i) buffers.at(i) = asio::buffer(*pending_[i]);
  buffers[0] += written_;
  error_code error;
  const std::size_t written = socket_.write_some(buffers, error);
  if (error && error != asio::error::would_block) return cut();
  pending_bytes_ -= written;
  written_ += written;
  auto next = pending_.begin();
  while (next != pending_.end() && written_ >= (*next)->size()) written_ -= (*next++)->size();
  pending_.erase(pending_.begin(), next);
  if (has_pending()) return await_room();
  pending_.shrink_to_fit();
  if (state_ == State::closing) return cut();
  unlink();
  hub_->streams.push_back(*this);
}

}  // namespace ms::http
