#include "infra/web/form_reader.hpp"

#include <algorithm>
#include <exception>
#include <vector>

#include "infra/web/context.hpp"

namespace ms::web {
namespace {

// The parser is fed this much at a time, because what it finds is copied until the receiver has taken it.
constexpr std::size_t kSlice = 16 * 1024;

FormReader::Outcome outcome_of(http::BodyError error) {
  switch (error) {
    case http::BodyError::malformed:
      return FormReader::Outcome::malformed;
    case http::BodyError::stopping:
      return FormReader::Outcome::stopping;
    case http::BodyError::gone:
    case http::BodyError::too_slow:
      break;
  }
  return FormReader::Outcome::client_failed;
}

}  // namespace

/// What the parser found: a whole field, or a piece of a file.
struct FormReader::Event {
  enum class Kind { field, begin, data, end } kind;
  http::PartHead head;  ///< of field and begin
  std::string bytes;    ///< of field and data
};

/// Collects what the parser finds in one slice; the receiver's functions are coroutines and come later.
class FormReader::Parts final : public http::MultipartSink {
 public:
  Parts(std::size_t field_bytes, bool with_files) : left_(field_bytes), with_files_(with_files) {}

  bool begin_part(const http::PartHead& head) override {
    head_ = head;
    value_.clear();
    no_file_ = head.filename && head.filename->empty();
    if (!head.filename || no_file_) return true;
    if (!with_files_) return refuse(Outcome::files_refused);
    events_.push_back({Event::Kind::begin, head, {}});
    return true;
  }
  bool part_data(std::string_view bytes) override {
    if (no_file_) return refuse(Outcome::malformed);
    if (head_.filename) {
      events_.push_back({Event::Kind::data, {}, std::string(bytes)});
      return true;
    }
    if (bytes.size() > left_) return refuse(Outcome::too_large);
    left_ -= bytes.size();
    value_.append(bytes);
    return true;
  }
  bool end_part() override {
    if (no_file_) return true;
    if (head_.filename) {
      events_.push_back({Event::Kind::end, {}, {}});
    } else {
      events_.push_back({Event::Kind::field, head_, std::move(value_)});
    }
    return true;
  }

  std::vector<Event>& events() noexcept { return events_; }
  /// Why the parser stopped with this error.
  Outcome outcome_of(http::MultipartError error) const {
    if (error == http::MultipartError::refused_by_sink) return refusal_;
    return error == http::MultipartError::body_too_large ? Outcome::too_large : Outcome::malformed;
  }

 private:
  bool refuse(Outcome why) {
    refusal_ = why;
    return false;
  }

  std::size_t left_;
  const bool with_files_;
  Outcome refusal_ = Outcome::malformed;
  std::vector<Event> events_;
  http::PartHead head_;
  std::string value_;
  bool no_file_ = false;
};

FormReader::FormReader(Context& ctx, std::unique_ptr<FileReceiver> receiver, FormLimits limits)
    : ctx_(ctx), receiver_(std::move(receiver)), limits_(limits) {}

FormReader::~FormReader() = default;

async<FormReader::Outcome> FormReader::read(http::BodyReader& body, std::string_view boundary) {
  Outcome outcome = Outcome::malformed;
  std::exception_ptr failure;
  try {
    outcome = co_await read_parts(body, boundary);
  } catch (...) { failure = std::current_exception(); }
  if (receiving_) co_await abandon();
  if (failure) std::rethrow_exception(failure);
  ctx_.call.renew(limits_.call_time);
  if (outcome == Outcome::complete) ctx_.set_form(std::move(form_), fingerprint_.encoded());
  co_return outcome;
}

async<FormReader::Outcome> FormReader::read_parts(http::BodyReader& body, std::string_view boundary) {
  if (body.length().value_or(0) > limits_.body_bytes) co_return Outcome::too_large;
  Parts parts(limits_.field_bytes, receiver_ != nullptr);
  http::MultipartParser parser(boundary, {.body_bytes = limits_.body_bytes}, parts);
  for (;;) {
    const auto chunk = co_await body.read();
    if (!chunk) co_return outcome_of(chunk.error());
    if (chunk->empty()) break;
    for (std::string_view rest = *chunk; !rest.empty(); rest.remove_prefix(std::min(kSlice, rest.size()))) {
      const auto pushed = parser.push(rest.substr(0, kSlice));
      if (!pushed) co_return parts.outcome_of(pushed.error());
      for (Event& event : parts.events()) {
        const bool valid = co_await take(event);
        if (!valid) co_return Outcome::malformed;
      }
      parts.events().clear();
    }
  }
  co_return parser.finish() ? Outcome::complete : Outcome::malformed;
}

async<bool> FormReader::take(Event& event) {
  ctx_.call.renew(limits_.call_time);
  switch (event.kind) {
    case Event::Kind::field:
      co_return fingerprint_.add(event.head.name, event.bytes) && form_.add(event.head.name, std::move(event.bytes));
    case Event::Kind::begin:
      co_await begin(std::move(event.head));
      break;
    case Event::Kind::data:
      co_await write(event.bytes);
      break;
    case Event::Kind::end:
      co_return co_await end();
  }
  co_return true;
}

async<void> FormReader::begin(http::PartHead head) {
  file_ = std::move(head);
  const auto begun = co_await receiver_->begin(file_);
  receiving_ = begun.has_value();
  if (!begun) reject(begun.error());
}

async<void> FormReader::write(std::string_view bytes) {
  if (!receiving_) co_return;
  const auto written = co_await receiver_->write(bytes);
  if (written) co_return;
  reject(written.error());
  co_await abandon();
}

async<bool> FormReader::end() {
  if (!receiving_) co_return true;
  auto stored = co_await receiver_->end();
  if (!stored) {
    reject(stored.error());
    co_await abandon();
    co_return true;
  }
  receiving_ = false;
  co_return fingerprint_.add(stored->field, std::move(stored->digest)) &&
      form_.add(stored->field, std::move(stored->value));
}

async<void> FormReader::abandon() {
  receiving_ = false;
  ctx_.call.renew(limits_.call_time);
  co_await receiver_->abandon();
}

void FormReader::reject(const Error& error) {
  ctx_.rejected_files.push_back({file_.name, file_.filename.value_or(""), error.message});
}

}  // namespace ms::web
