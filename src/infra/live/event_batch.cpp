#include "infra/live/event_batch.hpp"

#include <algorithm>
#include <utility>

#include "infra/view/out.hpp"

namespace ms::live {
namespace {

constexpr std::size_t kDefaultSize = 2048;  // of one change's markup

/// One "data:" for each line; CR and CRLF end lines too.
std::string data_lines(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 64);
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of("\r\n"), text.size());
    out.append("data: ").append(text.substr(0, end)).append("\n");
    text.remove_prefix(end);
    if (!text.empty()) text.remove_prefix(text.starts_with("\r\n") ? 2 : 1);
  }
  return out;
}

}  // namespace

Bytes reload_event(const std::vector<Position>& positions) {
  return std::make_shared<const std::string>("event: reload\nid: " + text(positions) + "\ndata: reload\n\n");
}

EventBatch::EventBatch(std::vector<Change> transients, std::vector<Change> changes) : changes_(std::move(transients)) {
  for (Change& transient : changes_) transient.number = 0;
  changes_.insert(changes_.end(), std::move_iterator(changes.begin()), std::move_iterator(changes.end()));
}

Bytes EventBatch::event(const session::Viewer& viewer, std::int64_t after, const std::vector<Position>& positions) {
  chosen_.clear();
  bool any = false;
  for (const Change& change : changes_) {
    const bool is_new = change.number == 0 || change.number > after;
    chosen_.push_back(is_new ? change.variant(viewer) : std::nullopt);
    any = any || chosen_.back();
  }
  if (!any) return nullptr;
  Rendering& chosen = rendering();
  std::string id = chosen.numbered ? text(positions) : std::string();
  Bytes& bytes = chosen.events[id];
  if (!bytes) {
    if (chosen.numbered) id = "id: " + id + "\n";
    bytes = std::make_shared<const std::string>(id + chosen.data + "\n");
  }
  return bytes;
}

/// The rendering of the chosen variants.
EventBatch::Rendering& EventBatch::rendering() {
  const auto found = std::ranges::find(renderings_, chosen_, &Rendering::variants);
  if (found != renderings_.end()) return *found;
  Rendering rendering;
  view::Out out(kDefaultSize * changes_.size());
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    if (!chosen_[i]) continue;
    changes_[i].render(out, *chosen_[i]);
    rendering.numbered = rendering.numbered || changes_[i].number != 0;
  }
  rendering.variants = chosen_;
  rendering.data = data_lines(out.str());
  return renderings_.emplace_back(std::move(rendering));
}

}  // namespace ms::live
