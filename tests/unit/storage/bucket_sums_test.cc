#include "storage/bucket_sums.h"

#include <gtest/gtest.h>

#include <string>

namespace storage {
namespace {

std::string Name(int key) {
  return "key:" + std::to_string(key);
}

void Fill(BucketSums& sums, int keys) {
  for (int key = 0; key < keys; ++key) sums.Add(Name(key), "object");
}

TEST(BucketSums, AFoldIsAsIfThereHadBeenFewerFromTheBeginning) {
  BucketSums folded;
  Fill(folded, 1000);
  folded.Fold();
  const std::vector<std::uint64_t> sums = folded.Take();
  EXPECT_EQ(sums.size(), 256U) << "four keys in each, about";
  BucketSums few(sums.size());
  Fill(few, 1000);
  EXPECT_EQ(few.Take(), sums);
}

TEST(BucketSums, OfFewKeysOrNoneThereAreNoFewerThanTheLeast) {
  BucketSums sums;
  sums.Fold();
  EXPECT_EQ(sums.Take(), std::vector<std::uint64_t>(BucketSums::kLeastBuckets));
}

TEST(BucketSums, WhatDiffersInAKeyShowsInItsBucketAlone) {
  BucketSums here(64);
  BucketSums there(64);
  Fill(here, 500);
  Fill(there, 499);
  there.Add(Name(499), "another");
  const Buckets equal = here.EqualTo(there.Take());
  for (std::size_t i = 0; i < equal.size(); ++i) {
    EXPECT_EQ(equal[i], i != BucketSums::BucketOf(Name(499), 64)) << i;
  }
}

TEST(BucketSums, WhichKeyHasWhichObjectMatters) {
  BucketSums here(8);
  BucketSums there(8);
  here.Add("a", "one");
  here.Add("b", "two");
  there.Add("b", "one");
  there.Add("a", "two");
  EXPECT_NE(here.Take(), there.Take());
}

TEST(BucketSums, CountsArePowersOfTwoWithinBounds) {
  for (const std::size_t count : {8, 16, 1 << 16}) EXPECT_TRUE(BucketSums::IsCount(count)) << count;
  for (const std::size_t count : {0, 1, 4, 12, 1 << 17}) {
    EXPECT_FALSE(BucketSums::IsCount(count)) << count;
  }
}

}  // namespace
}  // namespace storage
