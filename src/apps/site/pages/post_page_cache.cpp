#include "apps/site/pages/post_page_cache.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "infra/io/sleep.hpp"

namespace ms::site {
namespace {

using std::chrono::seconds;

// A post that was not read twice in this time is compared at its next read: to compare it a dozen times with others
// costs as much as to ask for it alone once.
constexpr seconds kActiveTime{10};
constexpr seconds kNeighboursTtl{20};  // neighbours are read again after this time
// Two reads within this time make a page one whose HTML is worth keeping.
constexpr std::chrono::milliseconds kHotInterval{50};
constexpr std::size_t kMaxCommonBytes = 4 << 20;
constexpr std::size_t kComparedAtOnce = 1000;  // versions of one query: a millisecond of PostgreSQL
constexpr seconds kCompareTime{2};
constexpr std::size_t kMaxPages = 8;  // of one post

std::size_t bytes_of_threads(const comments::Threads& threads) {
  std::size_t bytes = sizeof(threads) + threads.comments.capacity() * sizeof(comments::Comment);
  for (const auto& comment : threads.comments) bytes += comment.author_name.size() + comment.content_html.html().size();
  return bytes;
}

std::size_t bytes_of_html(const auto&, const std::shared_ptr<const std::vector<view::SafeHtml>>& html) {
  std::size_t bytes = html->capacity() * sizeof(view::SafeHtml);
  for (const view::SafeHtml& one : *html) bytes += one.html().size();
  return bytes;
}

/// Whether anything on the page has likes; on a new post nothing has.
bool anything_liked(const posts::Post& post, const comments::Threads& threads) {
  return post.likes > 0 || std::ranges::any_of(threads.comments, [](const auto& one) { return one.likes > 0; });
}

}  // namespace

struct PostPageCache::CachedPost {
  struct Threads {
    std::int64_t number;  // as asked
    CommentId from;
    std::shared_ptr<const comments::Threads> rows;
  };

  std::shared_ptr<const comments::Threads> find(std::int64_t number, CommentId from) const {
    const auto is_asked = [&](const Threads& one) { return one.number == number && one.from == from; };
    const auto found = std::ranges::find_if(pages, is_asked);
    return found == pages.end() ? nullptr : found->rows;
  }
  void note_read(Clock::time_point now) { read_before = std::exchange(read, now); }
  bool is_active(Clock::time_point now) const { return now < read_before + kActiveTime; }
  /// Confirms its version by a comparison that began at `at`.
  void confirm(std::int64_t views_now, Clock::time_point at) {
    views = views_now;
    compared = std::max(compared, at);
  }
  void add_neighbours(const posts::VersionWithNeighbours& found, Clock::time_point at) {
    if (at <= neighbours_read) return;
    neighbours_read = at;
    const auto is = [](const std::optional<posts::Neighbour>& one, PostId id, const std::string& title) {
      return one ? one->id == id && one->title == title : !id;
    };
    if (is(reading->older, found.older, found.older_title) && is(reading->newer, found.newer, found.newer_title))
      return;
    auto changed = std::make_shared<posts::Reading>(*reading);
    found.add_neighbours(*changed);
    reading = std::move(changed);
  }

  PostId id;
  std::int64_t version = 0;  // posts::Post::events
  std::int64_t views = 0;
  std::shared_ptr<const posts::Reading> reading;  // null: there is no such visible post
  std::vector<Threads> pages;
  std::shared_ptr<const likes::Likers> likers;  // null: not asked yet
  Clock::time_point compared;                   // when its version was the latest
  Clock::time_point neighbours_read;            // when its neighbours were these
  Clock::time_point read;
  Clock::time_point read_before;
};

PostPageCache::PostPageCache(pg::Db& db, posts::Posts& posts, comments::Comments& comments, likes::Likes& likes,
                             Config config)
    : db_(db),
      source_(posts),
      comments_(comments),
      likes_(likes),
      ttl_(config.ttl),
      posts_({.name = "post_pages", .max_bytes = config.max_bytes, .heap_bytes = bytes_of}),
      common_({.name = "comments_html", .max_bytes = kMaxCommonBytes, .ttl = config.ttl, .heap_bytes = bytes_of_html}) {
}

std::size_t PostPageCache::bytes_of(const PostId&, const CachedPostPtr& post) {
  std::size_t bytes = sizeof(CachedPost) + post->pages.capacity() * sizeof(CachedPost::Threads);
  if (post->reading) {
    const posts::Post& text = post->reading->post;
    bytes += sizeof(posts::Reading) + text.title.size() + text.content.size() + text.content_html.html().size();
    for (const files::Attachment& one : text.attachments.all) bytes += sizeof(one) + one.name.size() + one.alt.size();
  }
  for (const CachedPost::Threads& page : post->pages) bytes += bytes_of_threads(*page.rows);
  if (post->likers) bytes += sizeof(likes::Likers) + post->likers->all.capacity() * sizeof(likes::Likers::One);
  return bytes;
}

async<Result<PostPageData>> PostPageCache::read(const Call& call, bool bypass_cache, const session::Viewer& viewer,
                                                PostId id, std::int64_t number, CommentId from) {
  const Page found = co_await page(call, bypass_cache, PageKey(id, number, from));
  const auto reading = found.post->reading;
  if (!reading) co_return fail(ErrorCode::not_found, "posts.gone"_msg);
  const posts::Post& post = reading->post;
  if (auto ok = co_await source_.readable(call, viewer, post.board); !ok) co_return Unexpected(ok.error());
  std::vector<std::int64_t> likes;
  if (viewer.signed_in() && anything_liked(post, *found.threads)) likes = co_await liked(call, viewer.id, found);
  co_return PostPageData{reading, found.threads, common_html(found), found.post->views + source_.unwritten_views(id),
                         std::move(likes)};
}

PostPageCache::HtmlPtr PostPageCache::common_html(const Page& page) {
  if (!page.hot) return nullptr;
  if (const HtmlPtr* kept = common_.find(page.threads)) return *kept;
  const MemberId author = page.post->reading->post.author;
  auto html = std::make_shared<const std::vector<view::SafeHtml>>(comments::common_html(*page.threads, author, now()));
  common_.put(page.threads, html);
  return html;
}

async<PostPageCache::Page> PostPageCache::page(const Call& call, bool bypass_cache, const PageKey& key) {
  const auto load_page = [this, &call, key] { return load(call, key); };
  if (bypass_cache || ttl_ == ttl_.zero()) co_return co_await load_page();
  const auto [id, number, from] = key;
  const auto before = Clock::now() - kHotInterval;
  const CachedPostPtr* found = posts_.find(id);
  const bool hot = found != nullptr && (*found)->read > before;
  const CachedPostPtr kept = found == nullptr ? nullptr : co_await current(call, *found);
  if (kept) {
    Page page{kept, kept->find(number, from), hot};
    if (page.threads || !kept->reading) co_return page;
  }
  const auto store = [this, id, kept](const Page& loaded) { keep(id, kept, loaded); };
  auto page = co_await loads_.run(call.deadline(), key, load_page, store);
  co_return page;
}

async<PostPageCache::CachedPostPtr> PostPageCache::current(const Call& call, CachedPostPtr post) {
  const auto now = Clock::now();
  post->note_read(now);
  if (is_current(*post, now)) co_return post;
  if (!post->reading) co_return nullptr;
  const auto compare_one = [this, &call, post] { return compare(call, {post}, true); };
  const bool same = co_await comparisons_.run(call.deadline(), post, compare_one, [](bool) {});
  co_return same ? post : nullptr;
}

bool PostPageCache::is_current(const CachedPost& post, Clock::time_point now) const {
  if (now >= post.compared + ttl_ || post.compared < compare_before_) return false;
  if (!post.reading) return post.compared > board_changed_;
  if (now >= post.neighbours_read + kNeighboursTtl) return false;
  const auto changed = boards_changed_.find(post.reading->post.board);
  return changed == boards_changed_.end() || post.neighbours_read > changed->second;
}

/// Adds a page to `kept`, the post whose page was missing, or keeps the post anew when it has another version by now.
void PostPageCache::keep(PostId id, const CachedPostPtr& kept, const Page& page) {
  if (kept && page.post->reading && kept->version == page.post->version) {
    const CachedPostPtr* found = posts_.find(id);
    if (found == nullptr || *found != kept) return;
    if (kept->pages.size() == kMaxPages) kept->pages.erase(kept->pages.begin());
    kept->pages.push_back(page.post->pages.front());
    posts_.put(id, kept);
    return;
  }
  posts_.put(id, page.post);
}

/// The post comes first in the statements: what is read after it may be newer than its version, never older.
async<PostPageCache::Page> PostPageCache::load(const Call& call, PageKey key) {
  const auto [id, number, from] = key;
  const auto began = Clock::now();
  pg::Batch batch = db_.reads(call);
  const posts::ReadingHandle handle = posts::Posts::ask(batch, id, MemberId());
  auto reader = comments_.reader(call, {.post = id, .number = number, .from = from, .with_text = false});
  reader.ask(batch);
  co_await batch.send();
  const auto out = std::make_shared<CachedPost>();
  out->id = id;
  out->compared = out->neighbours_read = out->read = began;
  auto reading = source_.result_of(handle);
  if (!reading) co_return Page{out, nullptr};
  auto threads = std::make_shared<const comments::Threads>(co_await reader.finish());
  reading->post.content.clear();  // no page shows it
  out->version = reading->post.events;
  out->views = reading->post.views;
  out->reading = std::make_shared<const posts::Reading>(std::move(*reading));
  out->pages.push_back({number, from, threads});
  co_return Page{out, threads};
}

/// Drops those that changed; false when one did.
async<bool> PostPageCache::compare(const Call& call, std::vector<CachedPostPtr> posts, bool neighbours) {
  const auto began = Clock::now();
  const auto id_of = [](const CachedPostPtr& post) { return post->id; };
  std::ranges::sort(posts, {}, id_of);
  std::vector<PostId> ids(posts.size());
  std::ranges::transform(posts, ids.begin(), id_of);
  std::size_t confirmed = 0;
  const auto confirm = [&](const auto& now) {
    const auto place = std::ranges::lower_bound(ids, now.post) - ids.begin();
    CachedPostPtr& post = posts[static_cast<std::size_t>(place)];
    if (post->version != now.events) return;
    post->confirm(now.views, began);
    if constexpr (std::same_as<decltype(now), const posts::VersionWithNeighbours&>) post->add_neighbours(now, began);
    post.reset();
    ++confirmed;
  };
  if (neighbours) {
    std::ranges::for_each(co_await source_.versions_with_neighbours(call, ids), confirm);
  } else {
    std::ranges::for_each(co_await source_.versions(call, ids), confirm);
  }
  for (const CachedPostPtr& post : posts) {
    if (post) drop(post);
  }
  co_return confirmed == posts.size();
}

void PostPageCache::drop(const CachedPostPtr& post) {
  const CachedPostPtr* cached = posts_.find(post->id);
  if (cached != nullptr && *cached == post) posts_.invalidate(post->id);
}

async<std::shared_ptr<const likes::Likers>> PostPageCache::load_likers(const Call& call, PostId id) {
  co_return std::make_shared<const likes::Likers>(co_await likes_.likers(call, id));
}

async<std::vector<std::int64_t>> PostPageCache::liked(const Call& call, MemberId member, const Page& page) {
  const CachedPostPtr post = page.post;
  const PostId id = post->reading->post.id;
  if (!post->likers) {
    const auto load = [this, &call, id] { return load_likers(call, id); };
    auto likers = co_await likers_.run(call.deadline(), post, load, [](const auto&) {});
    post->likers = std::move(likers);
    if (const CachedPostPtr* cached = posts_.find(id); cached != nullptr && *cached == post) posts_.put(id, post);
  }
  if (post->likers->complete) co_return post->likers->of(member);
  auto own = co_await likes_.of(call, member, id);
  co_return own;
}

async<void> PostPageCache::run() {
  while (ttl_ > ttl_.zero()) {
    co_await sleep_for(std::max(ttl_ * 3 / 4, std::chrono::milliseconds(1)));
    try {
      co_await compare_active();
    } catch (const pg::Unavailable&) {
      // compared when they are read
    } catch (const std::exception& bug) { spdlog::error("versions of posts are not compared: {}", bug.what()); }
  }
}

async<void> PostPageCache::compare_active() {
  const auto begin = Clock::now();
  std::vector<CachedPostPtr> all;
  std::vector<CachedPostPtr> with_neighbours;
  posts_.for_each([&](PostId, const CachedPostPtr& post) {
    const bool due = post->compared + ttl_ / 4 < begin || post->compared < compare_before_;
    if (!post->reading || !due || !post->is_active(begin)) return;
    (begin > post->neighbours_read + kNeighboursTtl / 2 ? with_neighbours : all).push_back(post);
  });
  for (auto* posts : {&all, &with_neighbours}) {
    while (!posts->empty()) {
      const auto first = posts->end() - static_cast<std::ptrdiff_t>(std::min(posts->size(), kComparedAtOnce));
      std::vector<CachedPostPtr> part(first, posts->end());
      posts->erase(first, posts->end());
      const Call call(Clock::now() + kCompareTime, "versions");
      co_await compare(call, std::move(part), posts == &with_neighbours);
    }
  }
}

void PostPageCache::invalidate(PostId id) {
  loads_.invalidate_if([id](const PageKey& key) { return std::get<PostId>(key) == id; });
  posts_.invalidate(id);
}

void PostPageCache::invalidate(BoardId board) {
  board_changed_ = Clock::now();
  boards_changed_[board] = board_changed_;
}

void PostPageCache::compare_all() {
  loads_.invalidate_all();
  compare_before_ = Clock::now();
}

void PostPageCache::invalidate_all() {
  loads_.invalidate_all();
  posts_.invalidate_all();
  compare_before_ = Clock::now();
}

}  // namespace ms::site
