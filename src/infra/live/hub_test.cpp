#include "infra/live/hub.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "infra/live/test_hub.hpp"

namespace ms::live {
namespace {

using testing::ElementsAre;

const auto* const kDatabase = testing::AddGlobalTestEnvironment(new pg::TestDatabase("live"));

class HubTest : public HubFixture {};

TEST_F(HubTest, ACommitReachesTheStreamsThatFollowIt) {
  const auto hub = make(no_sweep_);
  const auto stream = follow(*hub, {}, "p1:0");
  const auto other = follow(*hub, {}, "p2:0");
  ASSERT_TRUE(confirmed());
  ASSERT_THAT(stream->retries, ElementsAre(testing::AllOf(testing::Ge(1000), testing::Le(3000))));
  commit(1, 5, "hello");
  publisher_.publish({'p', 1});
  ASSERT_TRUE(until([&] { return stream->events.size() == 1; }));
  EXPECT_EQ(stream->events[0].data, "5@1:hello");
  EXPECT_EQ(stream->last_id, "p1:1");
  commit(1, 5, "changed");
  commit(1, 6, "two\r\nlines\rand a third\n");
  publisher_.publish({'p', 1});
  ASSERT_TRUE(until([&] { return stream->last_id == "p1:3"; }));
  EXPECT_EQ(data(*stream), "5@1:hello|5@2:changed\n6@3:two\nlines\nand a third\n|");
  EXPECT_TRUE(other->events.empty());
}

TEST_F(HubTest, EveryPublicationIsReportedAndThatSomeMayBeMissed) {
  const auto hub = make(no_sweep_);
  std::vector<std::string> published;
  hub->on_publish([&published](const Topic* topic) { published.push_back(topic == nullptr ? "" : text(*topic)); });
  hub->on_message("p34,u7,?,b3");
  hub->on_message("p34 typing");
  EXPECT_THAT(published, ElementsAre("p34", "u7", "b3"));
  redis_.kill();
  ASSERT_TRUE(until([&] { return published.back().empty(); }));
}

TEST_F(HubTest, AStreamBeginsAtThePositionOfItsPage) {
  commit_many(1, 1, 4);
  const auto hub = make(no_sweep_);
  const auto behind = follow(*hub, {}, "p1:2");
  const auto exact = follow(*hub, {}, "p1:4");
  ASSERT_TRUE(until([&] { return !behind->events.empty(); }));
  EXPECT_EQ(data(*behind), "3@3:x\n4@4:x|");
  commit(1, 9, "y");
  publisher_.publish({'p', 1});
  ASSERT_TRUE(until([&] { return exact->last_id == "p1:5" && behind->last_id == "p1:5"; }));
  EXPECT_EQ(data(*exact), "9@5:y|");
}

TEST_F(HubTest, AStreamAtThePositionOfAllOthersNeedsNoQuery) {
  const auto hub = make(no_sweep_);
  const auto first = follow(*hub, {}, "p1:0");
  ASSERT_TRUE(confirmed());
  const auto second = follow(*hub, {}, "p1:0");
  commit(1, 9, "z");
  publisher_.publish({'p', 1});
  ASSERT_TRUE(until([&] { return first->last_id == "p1:1" && second->last_id == "p1:1"; }));
  EXPECT_THAT(source_->queried, ElementsAre(0, 0));
}

TEST_F(HubTest, AnEventIsRenderedOnceForEachKindOfViewer) {
  const auto hub = make(no_sweep_);
  std::vector<std::shared_ptr<TestStream>> guests;
  std::vector<std::shared_ptr<TestStream>> members;
  for (int i = 0; i < 20; ++i) {
    guests.push_back(follow(*hub, {}, "p1:0"));
    members.push_back(follow(*hub, member(i + 1), "p1:0,u" + std::to_string(i + 1) + ":0"));
  }
  ASSERT_TRUE(confirmed());
  commit(1, 5, "hello");
  publisher_.publish({'p', 1});
  const auto got = [](const auto& stream) { return stream->events.size() == 1; };
  ASSERT_TRUE(until([&] { return std::ranges::all_of(guests, got) && std::ranges::all_of(members, got); }));
  EXPECT_EQ(source_->renders, 2);
  for (const auto& guest : guests) EXPECT_EQ(guest->chunks.back(), guests[0]->chunks.back()) << "the same bytes";
  EXPECT_EQ(members[6]->events[0].data, "m:5@1:hello");
  EXPECT_EQ(members[6]->last_id, "p1:1,u7:0");
  for (const auto& stream : members) EXPECT_EQ(stream->chunks.size(), 2u) << "one send for the event";
}

TEST_F(HubTest, FalsePositionsGetAReloadAndTheTruePosition) {
  commit_many(1, 1, 3);
  const auto hub = make(no_sweep_);
  const auto future = follow(*hub, member(7), "p1:999,u7:0");
  const auto garbage = follow(*hub, {}, "p1:1", true);
  const auto foreign = follow(*hub, member(7), "p1:3,u8:0");
  const auto nothing = follow(*hub, {}, "", true);
  for (const auto& stream : {future, garbage, foreign, nothing}) {
    ASSERT_TRUE(until([&] { return stream->events.size() == 1; }));
    EXPECT_EQ(stream->events[0].name, "reload");
  }
  EXPECT_EQ(future->last_id, "p1:3,u7:0");
  EXPECT_EQ(garbage->last_id, "p1:3");
  EXPECT_EQ(foreign->last_id, "p1:3");
  EXPECT_EQ(nothing->last_id, "");
  commit(1, 9, "y");
  publisher_.publish({'p', 1});
  for (const auto& stream : {future, garbage, foreign}) {
    ASSERT_TRUE(until([&] { return stream->events.size() == 2; })) << "the stream goes on from there";
    EXPECT_THAT(stream->events[1].data, testing::EndsWith("9@4:y"));
  }
}

TEST_F(HubTest, TooManyMissedChangesReloadThePageAndManyNewOnesDoNot) {
  commit_many(1, 1, kMaxChanges + 1);
  const auto hub = make(no_sweep_);
  source_->held = true;
  const auto first = follow(*hub, {}, "p1:101");
  ASSERT_TRUE(until([&] { return source_->queried.size() == 1; }));
  const auto far = follow(*hub, {}, "p1:0");
  const auto near = follow(*hub, {}, "p1:1");
  source_->held = false;
  ASSERT_TRUE(until([&] { return far->last_id == "p1:101" && near->last_id == "p1:101"; }));
  EXPECT_EQ(far->events[0].name, "reload");
  EXPECT_EQ(near->events.size(), 1u);
  EXPECT_TRUE(first->events.empty());
  EXPECT_THAT(source_->queried, ElementsAre(101, 0, 1))
      << "one query for both, and one more for the stream that needs fewer changes";
  EXPECT_THAT(data(*near), testing::AllOf(testing::StartsWith("2@2:x\n"), testing::EndsWith("\n101@101:x|")));
  commit_many(1, 201, 450);
  publisher_.publish({'p', 1});
  ASSERT_TRUE(until([&] { return far->last_id == "p1:351" && near->last_id == "p1:351"; }));
  EXPECT_EQ(far->events.size(), 4u) << "in three queries, without a reload";
  std::string all = data(*far);
  EXPECT_EQ(std::ranges::count(all, '@'), 250);
  EXPECT_THAT(all, testing::EndsWith("\n450@351:x|"));
}

TEST_F(HubTest, AStreamThatJoinsDuringAQueryMissesNothing) {
  commit_many(1, 1, 3);
  const auto hub = make(no_sweep_);
  const auto first = follow(*hub, {}, "p1:3");
  ASSERT_TRUE(confirmed());
  commit(1, 4, "y");
  publisher_.publish({'p', 1});
  source_->held = true;
  ASSERT_TRUE(until([&] { return source_->queried.size() == 2; }));
  const auto behind = follow(*hub, {}, "p1:1");
  const auto same = follow(*hub, {}, "p1:3");
  const auto ahead = follow(*hub, {}, "p1:4");
  commit(1, 5, "z");
  publisher_.publish({'p', 1});
  source_->held = false;
  for (const auto& stream : {first, behind, same, ahead}) {
    ASSERT_TRUE(until([&] { return stream->last_id == "p1:5"; }));
  }
  const auto joined = [](const TestStream& stream) {
    std::string all = data(stream);
    std::ranges::replace(all, '|', '\n');
    return all;
  };
  EXPECT_EQ(joined(*first), "4@4:y\n5@5:z\n");
  EXPECT_EQ(joined(*behind), "2@2:x\n3@3:x\n4@4:y\n5@5:z\n");
  EXPECT_EQ(joined(*same), "4@4:y\n5@5:z\n");
  EXPECT_EQ(joined(*ahead), "5@5:z\n") << "it was above what the query found, and that was not a false position";
}

TEST_F(HubTest, ManyPublicationsDuringAQueryCauseOneMore) {
  const auto hub = make(no_sweep_);
  const auto stream = follow(*hub, {}, "p1:0");
  ASSERT_TRUE(confirmed());
  source_->held = true;
  hub->on_message("p1");
  ASSERT_TRUE(until([&] { return source_->queried.size() == 2; }));
  commit_many(1, 1, 30);
  for (int i = 0; i < 30; ++i) hub->on_message("p2,p1,garbage,,p1");
  source_->held = false;
  ASSERT_TRUE(until([&] { return stream->last_id == "p1:30"; }));
  EXPECT_TRUE(until([&] { return source_->queried.size() == 3; }));  // the third may still be on its way
  EXPECT_EQ(stream->events.size(), 1u);
}

TEST_F(HubTest, RightsAreCheckedWhenAnEventIsSent) {
  const auto hub = make(no_sweep_);
  const auto guest = follow(*hub, {}, "p1:0");
  const auto staff = follow(*hub, member(1, session::Role::staff), "p1:0");
  const auto plain = follow(*hub, member(2), "p1:0");
  ASSERT_TRUE(confirmed());
  source_->readable = [](const session::Viewer& viewer) { return viewer.id != MemberId{2}; };
  commit(1, 1, "staff only");
  commit(1, 2, "all");
  publisher_.publish({'p', 1});
  ASSERT_TRUE(until([&] { return !guest->events.empty() && !staff->events.empty(); }));
  EXPECT_EQ(data(*guest), "2@2:all|");
  EXPECT_EQ(data(*staff), "m:1@1:staff only\nm:2@2:all|");
  EXPECT_TRUE(plain->events.empty());
  source_->readable = [](const session::Viewer&) { return true; };
  commit(1, 3, "again");
  publisher_.publish({'p', 1});
  ASSERT_TRUE(until([&] { return !plain->events.empty(); }));
  EXPECT_EQ(data(*plain), "m:3@3:again|");
}

TEST_F(HubTest, ASlowBrowserIsCutOffAndTheOthersAreNot) {
  const auto hub = make(no_sweep_);
  std::vector<std::shared_ptr<TestStream>> streams;
  for (int i = 0; i < 9; ++i) streams.push_back(follow(*hub, {}, "p1:0"));
  streams[4]->limit = 10;
  commit(1, 1, "longer than ten bytes");
  publisher_.publish({'p', 1});
  ASSERT_TRUE(until([&] { return streams[8]->events.size() == 1 && hub->state().streams == 8; }));
  EXPECT_FALSE(streams[4]->open());
  for (const auto& stream : streams) stream->leave();
  ASSERT_TRUE(until([&] { return hub->state().streams == 0; }));
  EXPECT_EQ(hub->state().topics, 0u) << "no stream follows it any more";
}

TEST_F(HubTest, StreamsCountFromTheAdmissionToTheEnd) {
  const auto hub = make({.streams = 5, .max_streams_per_member = 2, .sweep = 1h});
  auto admitted = admit(*hub, member(7), "p1:0");
  ASSERT_TRUE(admitted);
  const auto open = follow(*hub, member(7), "p1:0");
  ASSERT_TRUE(open);
  EXPECT_EQ(hub->state().members, 1u);
  EXPECT_EQ(admit(*hub, member(7), "p1:0").error().code, ErrorCode::too_many);
  admitted = fail(ErrorCode::internal, "error.internal"_msg);  // the browser went away before the stream opened
  EXPECT_TRUE(admit(*hub, member(7), "p1:0"));
  EXPECT_EQ(admit(*hub, member(8), "p99:0").error().code, ErrorCode::forbidden);
  EXPECT_EQ(admit(*hub, member(8), "x1:0").error().code, ErrorCode::not_found);
  EXPECT_EQ(hub->state().streams, 1u) << "a failed admission does not count";
  std::vector<std::shared_ptr<TestStream>> guests;
  for (int i = 0; i < 4; ++i) guests.push_back(follow(*hub, {}, "p1:0"));
  ASSERT_TRUE(guests.back()) << "the limit of one member is not for guests";
  EXPECT_EQ(admit(*hub, {}, "p1:0").error().code, ErrorCode::unavailable);
  guests[0]->leave();
  ASSERT_TRUE(until([&] { return hub->state().streams == 4; }));
  EXPECT_TRUE(admit(*hub, {}, "p1:0"));
}

TEST_F(HubTest, OnlyTheStreamsOfAChangedMemberEnd) {
  const auto hub = make(no_sweep_);
  const auto one = follow(*hub, member(7), "u7:0");
  const auto two = follow(*hub, member(7), "p1:0");
  const auto other = follow(*hub, member(8), "p1:0");
  auto late = admit(*hub, member(7), "p1:0");
  hub->member_changed(MemberId{7});
  hub->member_changed(MemberId{12345});
  EXPECT_FALSE(one->open());
  EXPECT_FALSE(two->open());
  EXPECT_TRUE(other->open());
  EXPECT_THAT(one->retries, ElementsAre(testing::Ge(1000), testing::AllOf(testing::Ge(100), testing::Le(500))));
  const auto opened_late = std::make_shared<TestStream>(io_);
  hub->open(std::move(*late), opened_late);
  EXPECT_FALSE(opened_late->open()) << "it was admitted with the member's old rights";
  const auto again = follow(*hub, member(7, session::Role::staff), "p1:0");
  commit(1, 1, "staff");
  publisher_.publish({'p', 1});
  ASSERT_TRUE(until([&] { return again->events.size() == 1; }));
  EXPECT_EQ(hub->state().streams, 2u);
}

TEST_F(HubTest, AMemberWhoChangedDuringTheRequestReconnects) {
  const auto hub = make(no_sweep_);
  const Call call(redis::in(5s), "test");  // http.answer_ms = 5000: the deadline does not show when the request began
  hub->member_changed(MemberId{7});
  const auto changed = follow(*hub, member(7), "p1:0", false, call);
  const auto other = follow(*hub, member(8), "p1:0", false, call);
  EXPECT_FALSE(changed->open());
  EXPECT_EQ(changed->retries.size(), 1u);
  EXPECT_TRUE(other->open());
  hub->members_may_have_changed();
  EXPECT_FALSE(follow(*hub, member(9), "p1:0", false, call)->open());
  EXPECT_TRUE(follow(*hub, {}, "p1:0", false, call)->open());
  EXPECT_TRUE(follow(*hub, member(9), "p1:0")->open()) << "its request began after the change";
  const auto crowded = make(no_sweep_);
  for (int i = 1; i <= 5000; ++i) crowded->member_changed(MemberId{i});
  EXPECT_FALSE(follow(*crowded, member(1), "p1:0", false, call)->open());
}

TEST_F(HubTest, WhenChangesOfMembersMayBeMissedAllMembersReconnect) {
  const auto hub = make(no_sweep_);
  std::vector<std::shared_ptr<TestStream>> streams;
  for (int i = 1; i <= 20; ++i) streams.push_back(follow(*hub, member(i), "p1:0"));
  const auto guest = follow(*hub, {}, "p1:0");
  hub->members_may_have_changed();
  EXPECT_TRUE(guest->open());
  std::set<int> pauses;
  for (const auto& stream : streams) {
    EXPECT_FALSE(stream->open());
    pauses.insert(stream->retries.back());
  }
  EXPECT_GT(pauses.size(), 10u) << "spread over time";
  EXPECT_THAT(pauses, testing::Each(testing::AllOf(testing::Ge(500), testing::Le(4000))));
  EXPECT_EQ(hub->state().members, 0u);
  EXPECT_EQ(hub->state().streams, 1u);
}

TEST_F(HubTest, TransientsDoNotMoveThePosition) {
  const auto hub = make(no_sweep_);
  const auto stream = follow(*hub, member(1), "p1:0");
  const auto other = follow(*hub, member(2), "p2:0");
  ASSERT_TRUE(confirmed());
  publisher_.publish_transient({'p', 1}, "garbage");
  client_.fire_and_forget(
      redis::Command("PUBLISH", "live", "p1 is writing"));  // without a tag, as by an intruder in Redis
  publisher_.publish_transient({'p', 1}, "is writing");
  publisher_.publish_transient({'p', 2}, std::string(Publisher::kMaxTransientBytes + 1, 'x'));
  ASSERT_TRUE(until([&] { return stream->events.size() == 1; }));
  EXPECT_EQ(stream->events[0].data, "m:0@0:is writing");
  EXPECT_FALSE(stream->events[0].has_id);
  commit(2, 1, "after it");
  publisher_.publish({'p', 2});
  ASSERT_TRUE(until([&] { return other->events.size() == 1; }));
  EXPECT_EQ(data(*other), "m:1@1:after it|") << "a transient that is too long is not sent";
}

TEST_F(HubTest, IdleStreamsGetHeartbeatsAndTheirViewersArePresent) {
  const auto hub = make(no_sweep_);
  std::map<std::int64_t, int> present;
  hub->on_tick([&](const session::Viewer& viewer) {
    ++present[viewer.id.value];
    EXPECT_TRUE(viewer.session_id.empty());
  });
  session::Viewer viewer = member(7);
  viewer.session_id = "secret";
  const auto stream = follow(*hub, viewer, "p1:0");
  const auto guest = follow(*hub, {}, "p1:0");
  EXPECT_THAT(present, ElementsAre(testing::Pair(0, 1), testing::Pair(7, 1)));
  ASSERT_TRUE(until([&] { return stream->heartbeats == 2; }));
  EXPECT_EQ(present[7], 3);
  EXPECT_THAT(stream->last_bytes(), testing::MatchesRegex("retry: [0-9]+\n\n"));
  EXPECT_TRUE(stream->events.empty()) << "a heartbeat is not an event";
}

TEST_F(HubTest, MembersReconnectNowAndThenBecauseTheirSessionMayHaveExpired) {
  const auto hub = make({.sweep = 1h, .heartbeat = 1s, .max_age = 2s});
  const auto own = follow(*hub, member(7), "p1:0");
  const auto guest = follow(*hub, {}, "p1:0");
  ASSERT_TRUE(until([&] { return !own->open(); }));
  EXPECT_GE(own->heartbeats, 1);
  EXPECT_LE(own->heartbeats, 2);
  EXPECT_THAT(own->retries.back(), testing::AllOf(testing::Ge(100), testing::Le(500)));
  ASSERT_TRUE(until([&] { return guest->heartbeats >= 3; }));
  EXPECT_TRUE(guest->open());
  EXPECT_EQ(hub->state().members, 0u);
  EXPECT_TRUE(follow(*hub, member(7), "p1:0")->open());
}

}  // namespace
}  // namespace ms::live
