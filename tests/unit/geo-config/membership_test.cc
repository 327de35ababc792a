#include "geo-config/membership.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace geo_config {
namespace {

RegionEntry Region(crdt::RegionId id, const std::string& name, std::uint16_t port = 6379) {
  return {.id = id, .name = name, .nodes = {{0, name + ".example", port, DefaultPeerPort(port)}}};
}

std::vector<std::string> Names(const std::vector<RegionEntry>& regions) {
  std::vector<std::string> names;
  for (const RegionEntry& region : regions) names.push_back(region.name);
  return names;
}

TEST(Membership, AddsAndRemovesRegionsOfTheFile) {
  const std::vector<RegionEntry> file{Region(1, "eu"), Region(3, "ap")};
  Membership membership;
  EXPECT_EQ(membership.Regions(file), file);
  membership.Note(Standing::kAdded, Region(2, "us"));
  EXPECT_EQ(Names(membership.Regions(file)), (std::vector<std::string>{"eu", "us", "ap"}));
  membership.Note(Standing::kLeaving, Region(3, "ap"));
  EXPECT_EQ(membership.Regions(file).size(), 3U);
  membership.Note(Standing::kRemoved, Region(3, "ap"));
  EXPECT_EQ(Names(membership.Regions(file)), (std::vector<std::string>{"eu", "us"}));
  EXPECT_TRUE(membership.HasRemoved(3));
  EXPECT_EQ(membership.removed(), RegionSet(1 << 3));
}

TEST(Membership, TheFileTellsWhereItsOwnNodesAre) {
  Membership membership;
  membership.Note(Standing::kAdded, Region(2, "us", 6379));
  EXPECT_EQ(membership.Regions({Region(2, "us", 7000)}).at(0).nodes.at(0).port, 7000);
  EXPECT_EQ(membership.Regions({}).at(0).nodes.at(0).port, 6379);
}

TEST(Membership, ARegionOnlyGoesForward) {
  Membership membership;
  membership.Note(Standing::kRemoved, Region(2, "us"));
  membership.Note(Standing::kAdded, Region(2, "us"));
  membership.Note(Standing::kLeaving, Region(2, "us"));
  EXPECT_EQ(membership.StandingOf(2), Standing::kRemoved);
}

TEST(Membership, WhoHasHeardTheSameAgreesInWhateverOrder) {
  std::vector<Membership> heard(4);
  heard[0].Note(Standing::kAdded, Region(2, "us"));
  heard[1].Note(Standing::kAdded, Region(2, "sa"));
  heard[2].Note(Standing::kLeaving, Region(1, "eu"));
  heard[3].Note(Standing::kRemoved, Region(1, "eu"));
  Membership forth;
  Membership back;
  for (std::size_t i = 0; i < heard.size(); ++i) {
    EXPECT_TRUE(forth.Merge(heard[i]) || i == 0);
    back.Merge(heard[heard.size() - 1 - i]);
  }
  EXPECT_EQ(forth, back);
  EXPECT_FALSE(forth.Merge(back));
  EXPECT_FALSE(forth.Merge(heard[2])) << "it knows better";
  EXPECT_EQ(Names(forth.Regions({})), std::vector<std::string>{"sa"});
}

TEST(Membership, LeavingIsTakenBackUntilTheRegionIsRemoved) {
  Membership here;
  here.Note(Standing::kLeaving, Region(2, "us"));
  Membership there = here;
  here.Keep(2);
  EXPECT_FALSE(here.IsLeaving(2));
  EXPECT_FALSE(here.Merge(there)) << "it is older";
  Membership gone = there;
  gone.Note(Standing::kRemoved, Region(2, "us"));
  EXPECT_TRUE(there.Merge(here));
  EXPECT_FALSE(there.IsLeaving(2));
  there.Note(Standing::kLeaving, Region(2, "us"));
  EXPECT_TRUE(here.Merge(there)) << "it leaves again";
  here.Keep(2);
  EXPECT_FALSE(gone.Merge(here)) << "it had left already";
  EXPECT_TRUE(here.Merge(gone));
  EXPECT_TRUE(here.HasRemoved(2));
}

TEST(Membership, TakesWhatIsSaidOfOneRegion) {
  Membership said;
  said.Note(Standing::kRemoved, Region(1, "eu"));
  said.Note(Standing::kRemoved, Region(2, "us"));
  Membership membership;
  EXPECT_TRUE(membership.MergeOf(2, said));
  EXPECT_FALSE(membership.MergeOf(3, said));
  EXPECT_EQ(membership.removed(), RegionSet(1 << 2));
}

TEST(Membership, ComesBackAsItWas) {
  Membership membership;
  membership.Note(
      Standing::kAdded,
      {.id = 31, .name = "sa", .nodes = {{0, "::1", 65535, 1}, {1, "sa-1.example", 1, 2}}});
  membership.Note(Standing::kRemoved, Region(1, "eu"));
  const std::string bytes = membership.Encode();
  EXPECT_EQ(Membership::Decode(bytes).value(), membership);
  EXPECT_EQ(Membership::Decode(bytes)->Regions({}), membership.Regions({}));
  EXPECT_EQ(membership.Regions({}).at(0).nodes.at(1).ordinal, 1U);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Membership::Decode(bytes.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(Membership::Decode(bytes + "x").has_value());
  std::string newer = bytes;
  newer[0] = 9;
  EXPECT_EQ(Membership::Decode(newer).error().code, crdt::ErrorCode::kUnsupported);
  std::string unknown = bytes;
  unknown[2] = 0;
  EXPECT_FALSE(Membership::Decode(unknown).has_value()) << "a region 0";
  unknown = bytes;
  unknown[4] = 4;
  EXPECT_FALSE(Membership::Decode(unknown).has_value()) << "a standing that there is not";
}

TEST(CheckNewRegion, TellsWhatIsTaken) {
  const std::vector<RegionEntry> regions{Region(1, "eu"), Region(2, "us")};
  Membership membership;
  membership.Note(Standing::kRemoved, Region(4, "sa"));
  const auto refusal = [&](const RegionEntry& region) {
    const crdt::Status status = CheckNewRegion(region, regions, membership);
    return status ? std::string() : status.error().detail;
  };
  EXPECT_EQ(refusal(Region(3, "ap")), "");
  EXPECT_EQ(refusal(Region(2, "ap")), "there is a region 2 already");
  EXPECT_EQ(refusal(Region(2, "us", 6380)), "there is a region 2 already");
  EXPECT_EQ(refusal(Region(2, "us")), "") << "the others may not know it";
  Membership leaving;
  leaving.Note(Standing::kLeaving, Region(2, "us"));
  EXPECT_FALSE(CheckNewRegion(Region(2, "us"), regions, leaving).has_value());
  EXPECT_EQ(refusal(Region(3, "us")), "region 2 is named 'us' already");
  EXPECT_EQ(refusal(Region(4, "ap")),
            "region 4 was removed, and its id is not used again: take another one");
  RegionEntry taken = Region(3, "ap");
  taken.nodes.push_back({1, "eu.example", 16379, 1});
  EXPECT_EQ(refusal(taken), "eu.example port 16379 is given twice");
  taken.nodes[1] = {1, "ap.example", 7, 6379};
  EXPECT_EQ(refusal(taken), "ap.example port 6379 is given twice");
}

TEST(ParseNode, TakesAddressesAsClustersWriteThem) {
  EXPECT_EQ(ParseNode("10.4.0.1:6379", 3).value(), (NodeEntry{3, "10.4.0.1", 6379, 16379}));
  EXPECT_EQ(ParseNode("sa-1.example:7000@7001", 0).value(),
            (NodeEntry{0, "sa-1.example", 7000, 7001}));
  EXPECT_EQ(ParseNode("[::1]:60000@60001", 0).value(), (NodeEntry{0, "::1", 60000, 60001}));
  EXPECT_EQ(ParseNode("10.4.0.1", 0).error().detail,
            "'10.4.0.1' has to be host:port or host:port@peer-port");
  EXPECT_EQ(ParseNode("::1:6379", 0).error().detail,
            "'::1:6379' needs brackets around an IPv6 address: [::1]:6379");
  EXPECT_EQ(ParseNode(":6379", 0).error().detail, "':6379' names no host");
  EXPECT_EQ(ParseNode("h:60000", 0).error().detail,
            "'h:60000' needs @peer-port, since port + 10000 is beyond 65535");
  for (const char* wrong : {"h:0", "h:65536", "h:x", "h:", "h:1@", "h:1@x", "h:-1", "h:1@2@3"}) {
    EXPECT_EQ(ParseNode(wrong, 0).error().detail,
              "'" + std::string(wrong) + "' has a port that is no number from 1 to 65535");
  }
}

}  // namespace
}  // namespace geo_config
