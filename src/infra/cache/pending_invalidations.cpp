#include "infra/cache/pending_invalidations.hpp"

namespace ms::cache {

void PendingInvalidations::remember(const std::vector<std::string>& keys) {
  if (everything_) return;
  keys_.insert(keys.begin(), keys.end());
  if (keys_.size() <= kMaxKeys) return;
  keys_.clear();
  everything_ = true;
}

PendingInvalidations::Batch PendingInvalidations::take() {
  if (under_way_.everything) {
    everything_ = true;
    keys_.clear();
  } else {
    remember(under_way_.keys);
  }
  under_way_ = Batch{.everything = everything_, .keys = {keys_.begin(), keys_.end()}};
  keys_.clear();
  everything_ = false;
  return under_way_;
}

}  // namespace ms::cache
