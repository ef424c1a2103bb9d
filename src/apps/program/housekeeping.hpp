#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/metrics/metrics.hpp"

namespace ms::program {

/// Removes what nobody needs any more. Any server may, so each thread of each does now and then. A chore that fails is
/// logged and counted, and keeps no other from running. One thread.
class Housekeeping {
 public:
  /// Removes some rows; false when none is left.
  using Chore = std::function<async<bool>(const Call&)>;

  /// The shard outlives it.
  explicit Housekeeping(metrics::Shard& shard) : shard_(shard) {}

  /// `name` is the label of minschool_housekeeping_failures.
  void add(std::string_view name, Chore chore);
  /// All chores, one after the other, each until nothing is left or its time is over.
  async<void> all();
  /// all() soon and then every ten minutes, for as long as the thread lives.
  async<void> run();

 private:
  struct Named {
    std::string name;
    Chore chore;
    metrics::Counter* failures;
  };
  static async<void> carry_out(const Named& named);

  metrics::Shard& shard_;
  std::vector<Named> chores_;
};

}  // namespace ms::program
