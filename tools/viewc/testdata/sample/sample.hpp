#pragma once
#include <string>
#include <vector>

namespace ms::sample {

/// What the views of page.html show.
struct Page {
  std::string title;
  std::string url;
  std::vector<std::string> tags;
  bool on = false;
};

}  // namespace ms::sample
