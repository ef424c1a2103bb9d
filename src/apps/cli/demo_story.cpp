#include "apps/cli/demo_story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <set>

#include "apps/cli/demo_fill.hpp"

// Randomness comes from one generator with a fixed seed and from integer arithmetic only: the distributions of <random>
// may differ between libraries.
namespace ms::cli::demo {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t kSeed = 20240301;
constexpr int kDays = 730;
constexpr hours kSeoul{9};
constexpr std::size_t kFounders = 20;  // members since the beginning
constexpr int kTries = 400;            // to find a suitable date, title or person

class Chance {
 public:
  /// 0 … n-1
  std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : engine_() % n; }
  std::int64_t from(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least + 1)));
  }
  bool percent(unsigned p) { return below(100) < p; }
  /// 0 … 1
  double part() { return static_cast<double>(engine_() >> 11) / 9007199254740992.0; }
  template <class T>
  const T& one(const std::vector<T>& of) {
    return of[below(of.size())];
  }

 private:
  std::mt19937_64 engine_{kSeed};
};

struct Day {
  std::chrono::year_month_day date;
  unsigned weekday;  // 0 is Sunday
};

Day seoul_day(Timestamp at) {
  const auto day = std::chrono::floor<days>(at + kSeoul);
  return {std::chrono::year_month_day(day), std::chrono::weekday(day).c_encoding()};
}

/// "11월 28일(토)"
std::string date_text(Timestamp at) {
  constexpr std::array kNames{"일", "월", "화", "수", "목", "금", "토"};
  const Day day = seoul_day(at);
  return fmt::format("{}월 {}일({})", unsigned(day.date.month()), unsigned(day.date.day()), kNames[day.weekday]);
}

/// That day, or the Monday after when it is a weekend.
Timestamp workday(Timestamp at) {
  const unsigned weekday = seoul_day(at).weekday;
  return at + days(weekday == 6 ? 2 : weekday == 0 ? 1 : 0);
}

std::string season_of(unsigned month) {
  constexpr std::array kNames{"겨울", "봄", "여름", "가을"};
  return kNames[month % 12 / 3];
}

class StoryGenerator {
 public:
  StoryGenerator(const Plan& plan, Timestamp now) : plan_(plan), now_(now) {}

  Story generate() {
    join();
    for (std::size_t b = 0; b < plan_.boards.size(); ++b) write_board(b);
    std::ranges::sort(drafts_, {}, [](const Draft& draft) { return draft.post.at; });
    for (Draft& draft : drafts_) number(draft);
    pin();
    order_comments();
    like();
    return std::move(story_);
  }

 private:
  struct Draft {
    Post post;
    const Kind* kind;
    WordValues words;
  };

  void join() {
    for (std::size_t i = 0; i < plan_.people.size(); ++i) {
      const auto later = i < kFounders ? 0 : (i - kFounders + 1) * (kDays - 10) / (plan_.people.size() - kFounders);
      const auto ago = days(kDays + (i < kFounders ? 60 : 0) - static_cast<int>(later));
      story_.joined.push_back(at_hour(now_ - ago, false));
    }
  }

  /// Moves to an hour of the same Seoul day at which people write.
  Timestamp at_hour(Timestamp at, bool office) {
    const auto day = std::chrono::floor<days>(at + kSeoul);
    // How many of 100 posts fall into each hour: little at night, most after dinner.
    constexpr std::array<unsigned, 24> kEvening{2, 1, 0, 0, 0, 1, 2, 3, 4, 5,  6, 6,
                                                5, 5, 5, 4, 4, 4, 5, 7, 9, 10, 8, 4};
    auto hour = chance_.from(9, 17);
    if (!office) {
      auto left = chance_.below(100);
      for (hour = 0; hour < 23 && left >= kEvening[static_cast<std::size_t>(hour)]; ++hour)
        left -= kEvening[static_cast<std::size_t>(hour)];
    }
    return day + hours(hour) + minutes(chance_.below(60)) + seconds(chance_.below(60)) - kSeoul;
  }

  Timestamp date_for(const Kind& kind, bool fresh) {
    if (fresh && !kind.by_staff) {
      auto at = now_ - minutes(chance_.from(20, 26 * 60));
      if (const auto hour = std::chrono::floor<hours>(at + kSeoul).time_since_epoch().count() % 24; hour < 8)
        at -= hours(hour + 2);
      return at;
    }
    Timestamp at = now_ - days(1);
    for (int i = 0; i < kTries; ++i) {
      // The power makes the later months busier than the first.
      at = at_hour(now_ - minutes(static_cast<std::int64_t>(std::pow(chance_.part(), 1.2) * kDays * 24 * 60)),
                   kind.by_staff);
      const Day day = seoul_day(at);
      const bool weekend = day.weekday == 0 || day.weekday == 6;
      const bool month = kind.months.empty() || std::ranges::count(kind.months, int(unsigned(day.date.month()))) > 0;
      if (at < now_ && month && !(kind.by_staff && weekend)) return at;
    }
    return now_ - days(chance_.from(1, kDays));
  }

  /// A person who had joined by that time; early members write most.
  std::size_t someone(Timestamp at, bool staff, std::optional<std::size_t> but = {}) {
    std::vector<std::size_t> there;
    for (std::size_t i = 0; i < plan_.people.size(); ++i) {
      const bool fits = (plan_.people[i].role >= Role::staff) == staff;
      if (fits && story_.joined[i] < at && i != but) there.push_back(i);
    }
    const double skew = std::pow(chance_.part(), 1.4);
    return there[std::min(there.size() - 1, static_cast<std::size_t>(skew * static_cast<double>(there.size())))];
  }

  WordValues word_values_for(Timestamp at) {
    WordValues out;
    for (const auto& [word, choices] : plan_.words) out[word] = chance_.one(choices);
    const Day day = seoul_day(at);
    const auto month = unsigned(day.date.month());
    out["year"] = std::to_string(int(day.date.year()));
    out["month"] = fmt::format("{}월", month);
    out["next_month"] = fmt::format("{}월", month % 12 + 1);
    out["season"] = season_of(month);
    const auto ahead = workday(at + days(chance_.from(6, 13)));
    out["day"] = date_text(ahead);
    out["day_after"] = date_text(ahead + days(7));
    out["last_day"] = date_text(workday(at + days(chance_.from(2, 4))));
    out["past"] = date_text(at - days(chance_.from(1, 4)));
    out["n"] = std::to_string(chance_.from(8, 30));
    out["few"] = std::to_string(chance_.from(2, 6));
    out["hour"] = std::to_string(chance_.from(1, 4));
    out["money"] = fmt::format("{}만 {}천", chance_.from(12, 95), chance_.from(1, 9));
    return out;
  }

  /// A person who has not yet commented on the present post, if there is one.
  std::size_t someone_new(Timestamp at, bool staff, std::size_t author) {
    auto member = someone(at, staff, author);
    for (int i = 0; i < kTries && commenters_.contains(member); ++i) member = someone(at, staff, author);
    commenters_.insert(member);
    return member;
  }

  void write_board(std::size_t board) {
    const BoardPlan& plan = plan_.boards[board];
    std::set<std::string> titles;
    for (const Kind& kind : plan.kinds) {
      for (int i = 0; i < kind.times; ++i) {
        Draft draft{{}, &kind, {}};
        Post& post = draft.post;
        post.board = board;
        for (int tries = 0; tries < kTries; ++tries) {
          post.at = date_for(kind, i == 0 && &kind == &plan.kinds.front());
          draft.words = word_values_for(post.at);
          post.title = fill(chance_.one(kind.subject), draft.words);
          if (titles.insert(post.title).second) break;
        }
        post.author = someone(post.at, kind.by_staff);
        draft.words["author"] = plan_.people[post.author].name;
        for (const Texts* part : {&kind.open, &kind.body, &kind.close}) {
          const auto paragraphs = part->empty() ? std::string() : fill(chance_.one(*part), draft.words);
          if (!post.text.empty() && !paragraphs.empty()) post.text += "\n\n";
          post.text += paragraphs;
        }
        const auto age = std::chrono::duration<double, days::period>(now_ - post.at).count();
        const double interest = std::exp(chance_.part() * 1.8 - 0.9) * (age / (age + 3));
        post.views = static_cast<std::int64_t>(plan.readers * interest) + chance_.from(1, 9);
        if (chance_.percent(6)) post.edited = std::min(now_, post.at + minutes(chance_.from(3, 300)));
        drafts_.push_back(std::move(draft));
      }
    }
  }

  void number(Draft& draft) {
    numbers_.resize(plan_.boards.size());
    draft.post.number = ++numbers_[draft.post.board];
    story_.posts.push_back(draft.post);
    add_comments(story_.posts.size() - 1, draft);
  }

  void add_comments(std::size_t post, const Draft& draft) {
    const BoardPlan& board = plan_.boards[draft.post.board];
    commenters_.clear();
    std::vector<const Texts*> own, shared;
    for (const Texts& thread : draft.kind->threads) own.push_back(&thread);
    for (const Texts& thread : board.threads) shared.push_back(&thread);
    const auto wanted = static_cast<std::size_t>(std::lround(board.threads_per_post * chance_.part() * 2));
    for (std::size_t i = 0; i < wanted; ++i) {
      auto& from = shared.empty() || (!own.empty() && chance_.percent(70)) ? own : shared;
      if (from.empty()) break;
      const auto pick = from.begin() + static_cast<std::ptrdiff_t>(chance_.below(from.size()));
      say(post, draft, **pick);
      from.erase(pick);
    }
  }

  void say(std::size_t post, const Draft& draft, const Texts& thread) {
    const bool staff = plan_.boards[draft.post.board].comment >= Role::staff || thread.front().starts_with('!');
    // Most answers come on the first two days, some much later.
    Timestamp at = draft.post.at + minutes(chance_.from(4, 12 * 60) * (chance_.percent(25) ? 12 : 1));
    std::optional<std::size_t> parent, root;
    std::size_t starter = draft.post.author, last = draft.post.author;
    for (const std::string& line : thread) {
      const std::int64_t hour = std::chrono::floor<hours>(at + kSeoul).time_since_epoch().count() % 24;
      if (hour < 7) at += hours(7 - hour);
      if (at >= now_) return;
      const bool by_author = line.starts_with('@');
      Comment comment;
      comment.post = post;
      comment.parent = parent;
      comment.root = root;
      comment.at = at;
      if (by_author)
        comment.author = draft.post.author;
      else if (parent && last == draft.post.author)
        comment.author = starter;
      else
        comment.author = someone_new(at, staff, draft.post.author);
      comment.text = fill(std::string_view(line).substr(by_author || line.starts_with('!') ? 1 : 0), draft.words);
      comment.deleted = chance_.below(120) == 0;
      last = comment.author;
      if (!parent) starter = comment.author;
      story_.comments.push_back(comment);
      parent = story_.comments.size() - 1;
      if (!root) root = parent;
      at += minutes(chance_.from(3, 7 * 60));
    }
  }

  void pin() {
    for (std::size_t b = 0; b < plan_.boards.size(); ++b) {
      int left = plan_.boards[b].pinned;
      for (auto post = story_.posts.rbegin(); post != story_.posts.rend() && left > 0; ++post) {
        if (post->board != b || plan_.people[post->author].role < Role::staff) continue;
        post->notice = true;
        --left;
      }
    }
  }

  /// Sorts comments by time and corrects the links between them.
  void order_comments() {
    std::vector<std::size_t> order(story_.comments.size()), place(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(story_.comments[i].at, i); });
    for (std::size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
    std::vector<Comment> sorted;
    for (const std::size_t i : order) {
      Comment& comment = sorted.emplace_back(std::move(story_.comments[i]));
      if (comment.parent) comment.parent = place[*comment.parent];
      if (comment.root) comment.root = place[*comment.root];
    }
    story_.comments = std::move(sorted);
  }

  /// Posts with more views get more likes.
  void like() {
    constexpr std::int64_t kViewsPerLike = 8;
    for (std::size_t i = 0; i < story_.posts.size(); ++i) {
      const Post& post = story_.posts[i];
      const auto most = std::min<std::int64_t>(post.views / kViewsPerLike, 25) + 2;
      like(story_.post_likes, {i, post.author, post.at}, post.board, chance_.below(static_cast<std::uint64_t>(most)));
    }
    for (std::size_t i = 0; i < story_.comments.size(); ++i) {
      const Comment& comment = story_.comments[i];
      if (comment.deleted || !chance_.percent(40)) continue;
      like(story_.comment_likes, {i, comment.author, comment.at}, story_.posts[comment.post].board, chance_.below(4));
    }
  }

  /// Likes of at most `wanted` members who may read the board, each once and after the post was written.
  void like(std::vector<Like>& out, const Like& written, std::size_t board, std::uint64_t wanted) {
    std::set<std::size_t> by;
    for (std::uint64_t i = 0; i < wanted; ++i) {
      const auto member = static_cast<std::size_t>(chance_.below(plan_.people.size()));
      const Timestamp at = written.at + minutes(chance_.from(1, 3 * 24 * 60));
      const bool there =
          plan_.people[member].role >= plan_.boards[board].read && story_.joined[member] < at && at < now_;
      if (there && member != written.by && by.insert(member).second) out.push_back({written.of, member, at});
    }
  }

  const Plan& plan_;
  Timestamp now_;
  Chance chance_;
  Story story_;
  std::vector<Draft> drafts_;
  std::vector<std::int64_t> numbers_;
  std::set<std::size_t> commenters_;  ///< of the present post
};

}  // namespace

Story make_story(const Plan& plan, Timestamp now) { return StoryGenerator(plan, now).generate(); }

}  // namespace ms::cli::demo
