#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "infra/core/id.hpp"
#include "infra/core/time.hpp"
#include "infra/web/listing.hpp"

// The data of the Admin's page of files.
namespace ms::files {

/// What the files of the site take up.
struct Space {
  std::int64_t files = 0;  ///< contents, each stored once
  std::int64_t bytes = 0;
  std::int64_t unused = 0;  ///< that no attachment refers to: they go with a cleanup
  std::int64_t unused_bytes = 0;
  std::int64_t draft_bytes = 0;  ///< of attachments whose post is not written
  std::int64_t unprepared = 0;   ///< whose content could not be read
};
/// What one member uploaded.
struct OwnerSpace {
  MemberId member;
  std::string name;
  std::int64_t attachments = 0;
  std::int64_t bytes = 0;
};
/// An attachment of a post that the viewer may read.
struct AdminRow {
  std::int64_t id = 0;
  std::string name;
  std::int64_t size = 0;
  MemberId owner;
  std::string owner_name;
  PostId post;
  std::string title;
  Timestamp created;
};

struct AdminPage {
  const Space& space;
  std::int64_t site_bytes;  ///< the limit of the settings
  const std::vector<OwnerSpace>& owners;
  const std::vector<AdminRow>& rows;
  const web::PageLinks& links;
  Timestamp now;

  std::int64_t percent() const { return site_bytes > 0 ? space.bytes * 100 / site_bytes : 0; }
};

}  // namespace ms::files
