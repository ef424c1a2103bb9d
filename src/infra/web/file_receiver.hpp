#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "infra/core/result.hpp"
#include "infra/http/multipart.hpp"
#include "infra/io/async.hpp"

namespace ms::web {

class Context;

/// A file that was stored.
struct ReceivedFile {
  std::string field;   ///< the handler sees this field with
  std::string value;   ///< this value in place of the file
  std::string digest;  ///< of the bytes: by this, and not by `value`, a form that is sent twice is recognised
};

/// Stores the files of one form, one after the other, while they arrive (Router::post_with_files). A file that it
/// refuses is listed in Context::rejected_files(), and the rest of the form goes on. The deadline of the request's Call
/// begins anew with each call.
class FileReceiver {
 public:
  virtual ~FileReceiver() = default;
  /// A file begins. Nothing of what the head says can be trusted.
  virtual async<Result<void>> begin(const http::PartHead& head) = 0;
  virtual async<Result<void>> write(std::string_view bytes) = 0;
  /// The file is complete.
  virtual async<Result<ReceivedFile>> end() = 0;
  /// The rest of the file that was begun never comes, or write() or end() refused it.
  virtual async<void> abandon() = 0;
};

/// Makes the receiver for one form; null: this request may not have files. The Context outlives it.
using MakeFileReceiver = std::function<std::unique_ptr<FileReceiver>(Context&)>;

}  // namespace ms::web
