#include "infra/redis/reader.hpp"

#include <hiredis/read.h>

#include <algorithm>
#include <array>
#include <new>

namespace ms::redis {
namespace {

// Far above any list that we ask for; a greater length comes from a broken or hostile peer.
constexpr int kMaxList = 1 << 20;

// Memory for so many items is reserved at once; for more, when they arrive: a length alone proves nothing.
constexpr int kReserved = 1024;

// C calls the functions below: no exception may pass through it; nullptr means "out of memory" there.

// The place in the tree where this part of the reply belongs: the reader's root, or the next item of the list above it.
// That list may move its items, because the earlier ones are complete: the parser has no pointer to them any more.
Reply* place(const redisReadTask* task) noexcept {
  if (task->parent == nullptr) return static_cast<Reply*>(task->privdata);
  auto& items = static_cast<Reply*>(task->parent->obj)->items;
  try {
    if (items.size() <= static_cast<std::size_t>(task->idx)) items.resize(static_cast<std::size_t>(task->idx) + 1);
  } catch (const std::bad_alloc&) { return nullptr; }
  return &items[static_cast<std::size_t>(task->idx)];
}

void* create_text(const redisReadTask* task, char* bytes, std::size_t size) noexcept {
  Reply* reply = place(task);
  if (reply == nullptr) return nullptr;
  reply->kind = task->type == REDIS_REPLY_ERROR ? Reply::Kind::error : Reply::Kind::text;
  try {
    reply->text.assign(bytes, size);
  } catch (const std::bad_alloc&) { return nullptr; }
  return reply;
}

void* create_list(const redisReadTask* task, int elements) noexcept {
  if (elements < 0 || elements > kMaxList) return nullptr;
  Reply* reply = place(task);
  if (reply == nullptr) return nullptr;
  reply->kind = Reply::Kind::list;
  try {
    reply->items.reserve(static_cast<std::size_t>(std::min(elements, kReserved)));
  } catch (const std::bad_alloc&) { return nullptr; }
  return reply;
}

void* create_integer(const redisReadTask* task, long long value) noexcept {
  Reply* reply = place(task);
  if (reply == nullptr) return nullptr;
  reply->kind = Reply::Kind::integer;
  reply->integer = value;
  return reply;
}

void* create_nil(const redisReadTask* task) noexcept {
  Reply* reply = place(task);
  if (reply == nullptr) return nullptr;
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
  void* parsed = nullptr;
  if (redisReaderGetReply(parser_, &parsed) != REDIS_OK) {
    broken_ = parser_->errstr;
    return false;
  }
  if (parsed == nullptr) return false;
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
