#include "infra/pg/exchange.hpp"

#include <charconv>
#include <cstring>
#include <limits>

#include "infra/io/use_awaitable.hpp"

namespace ms::pg {

std::size_t Exchange::add(const Query& query, std::vector<Param> values) {
  // The protocol counts parameters in 16 bits; text parameters end at the first NUL, which would truncate them
  // silently.
  if (values.size() > std::numeric_limits<std::uint16_t>::max()) {
    throw std::invalid_argument(std::string(query.name) + ": too many parameters");
  }
  for (const Param& value : values) {
    if (value && value->find('\0') != std::string::npos) {
      throw std::invalid_argument(std::string(query.name) + ": a parameter holds a NUL byte");
    }
  }
  statements_.push_back({query, std::move(values)});
  return statements_.size() - 1;
}

void Exchange::begin(Deadline deadline) {
  if (answers_ > 0) throw std::logic_error("statements were sent again although their results are still to come");
  results_.clear();
  results_.resize(statements_.size());
  failure_.reset();
  abandoned_.clear();
  deadline_ = deadline;
  sent_ = lost_ = done_ = purge_ = false;
}

async<void> Exchange::done() {
  return asio::async_initiate<decltype(io::kUseAwaitable), void()>(
      [this](auto handler) {
        waiter_ = std::move(handler);
        if (done_) resume();
      },
      io::kUseAwaitable);
}

void Exchange::check_available() const {
  if (!abandoned_.empty()) throw Unavailable(abandoned_, sent_ && kind_ == Kind::transaction);
  if (failure_ && (failure_->kind == Failure::Kind::unavailable || failure_->kind == Failure::Kind::conflicted)) {
    throw Unavailable(failure_->text, false);
  }
}

const PGresult* Exchange::result(std::size_t index) const {
  if (!done_ || failure_ || !abandoned_.empty() || !results_.at(index)) {
    throw std::logic_error(std::string(statements_.at(index).query.name) + ": rows were read without a good answer");
  }
  return results_[index].get();
}

void Exchange::sent(std::size_t answers) {
  sent_ = true;
  answers_ = answers;
}

void Exchange::set_result(std::size_t index, ResultPtr result) {
  if (!done_) results_[index] = std::move(result);
}

bool Exchange::fail(Failure failure) {
  if (failure_) return false;
  failure_ = std::move(failure);
  return true;
}

bool Exchange::answered() {
  if (--answers_ > 0) return false;
  if (!done_) {
    done_ = true;
    resume();
  }
  return true;
}

void Exchange::abandon(std::string why, bool lost) {
  if (lost) answers_ = 0;
  if (done_) return;
  abandoned_ = std::move(why);
  lost_ = lost;
  done_ = true;
  resume();
}

void Exchange::resume() {
  // Posted, not called: the resumed code may send, close or destroy anything while the connection is reading results.
  if (waiter_) asio::post(executor_, std::exchange(waiter_, nullptr));
}

Rows rows_of(const Exchange& exchange, std::size_t index) { return Rows(exchange.result(index)); }

std::int64_t affected_by(const Exchange& exchange, std::size_t index) {
  const char* text = PQcmdTuples(const_cast<PGresult*>(exchange.result(index)));  // libpq lacks the const
  std::int64_t count = 0;
  std::from_chars(text, text + std::strlen(text), count);
  return count;
}

std::size_t Statements::push(const Query& query, std::vector<Param> values) {
  return exchange_->add(query, std::move(values));
}

}  // namespace ms::pg
