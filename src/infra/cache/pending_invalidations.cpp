#include "infra/cache/pending_invalidations.hpp"

namespace ms::cache {

void PendingInvalidations::add(const std::vector<std::string>& keys) {
  if (everything_) return;
  keys_.insert(keys.begin(), keys.end());
  if (keys_.size() <= kMaxKeys) return;
  keys_.clear();
  everything_ = true;
}

PendingInvalidations::Batch PendingInvalidations::take() {
  if (in_delivery_.everything) {
    everything_ = true;
    keys_.clear();
  } else {
    add(in_delivery_.keys);
  }
  in_delivery_ = Batch{.everything = everything_, .keys = {keys_.begin(), keys_.end()}};
  keys_.clear();
  everything_ = false;
  return in_delivery_;
}

}  // namespace ms::cache
