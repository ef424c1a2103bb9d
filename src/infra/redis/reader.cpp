#include "infra/redis/reader.hpp"

#include <hiredis/read.h>

#include <algorithm>
#include <array>
#include <new>

namespace ms::redis {
namespace {

// Far above any list this product asks for; a length beyond it is a broken or hostile peer, not a reply.
constexpr int kLongestList = 1 << 20;

// The place in the tree where this part of the reply belongs: the reader's root or an item of the list above it.
Reply* place(const redisReadTask* task) noexcept {
  if (task->parent == nullptr) return static_cast<Reply*>(task->privdata);
  return &static_cast<Reply*>(task->parent->obj)->items[static_cast<std::size_t>(task->idx)];
}

// The functions below are called from C: nothing may be thrown through it; nullptr means "out of memory" there.
void* create_text(const redisReadTask* task, char* bytes, std::size_t size) noexcept {
  Reply* reply = place(task);
  reply->kind = task->type == REDIS_REPLY_ERROR ? Reply::Kind::error : Reply::Kind::text;
  try {
    reply->text.assign(bytes, size);
  } catch (const std::bad_alloc&) { return nullptr; }
  return reply;
}

void* create_list(const redisReadTask* task, int elements) noexcept {
  if (elements < 0 || elements > kLongestList) return nullptr;
  Reply* reply = place(task);
  reply->kind = Reply::Kind::list;
  try {
    reply->items.resize(static_cast<std::size_t>(elements));
  } catch (const std::bad_alloc&) { return nullptr; }
  return reply;
}

void* create_integer(const redisReadTask* task, long long value) noexcept {
  Reply* reply = place(task);
  reply->kind = Reply::Kind::integer;
  reply->integer = value;
  return reply;
}

void* create_nil(const redisReadTask* task) noexcept {
  Reply* reply = place(task);
  reply->kind = Reply::Kind::nil;
  return reply;
}

void free_nothing(void*) noexcept {}  // the tree belongs to Reader::root_

redisReplyObjectFunctions kFunctions{create_text, create_list, create_integer, create_nil, free_nothing};

}  // namespace

Reader::Reader() : parser_(redisReaderCreateWithFunctions(&kFunctions)) {
  if (parser_ == nullptr) throw std::bad_alloc();
  parser_->privdata = &root_;
}

Reader::~Reader() { redisReaderFree(parser_); }

void Reader::feed(std::string_view bytes) {
  if (redisReaderFeed(parser_, bytes.data(), bytes.size()) != REDIS_OK) broken_ = parser_->errstr;
}

bool Reader::next(Reply& out) {
  if (!broken_.empty()) return false;
  void* whole = nullptr;
  if (redisReaderGetReply(parser_, &whole) != REDIS_OK) {
    broken_ = parser_->errstr;
    return false;
  }
  if (whole == nullptr) return false;
  out = std::move(root_);
  root_ = Reply();
  return true;
}

bool is_unusable(const Reply& reply) noexcept {
  static constexpr std::array<std::string_view, 7> kCodes{"LOADING", "OOM",  "READONLY",  "MISCONF",
                                                          "NOAUTH",  "BUSY", "MASTERDOWN"};
  if (!reply.is_error()) return false;
  const std::string_view code = std::string_view(reply.text).substr(0, reply.text.find(' '));
  return std::ranges::find(kCodes, code) != kCodes.end();
}

}  // namespace ms::redis
