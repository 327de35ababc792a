// State equals specification after every step of random histories, type by type and mixed.
#include <gtest/gtest.h>

#include "history.h"

namespace properties {
namespace {

constexpr int kRuns = 400;

void ExpectNoFailure(const Settings& settings) {
  const auto failure = FirstFailure(settings, kRuns);
  EXPECT_FALSE(failure) << *failure;
}

TEST(Histories, OfStringsAreAsSpecified) {
  ExpectNoFailure({.kinds = {Kind::kSet, Kind::kSet, Kind::kDelete}});
}

TEST(Histories, OfIntegerCountersAreAsSpecified) {
  ExpectNoFailure({.kinds = {Kind::kIncrement, Kind::kIncrement, Kind::kIncrement, Kind::kSet,
                             Kind::kDelete, Kind::kFlush}});
}

TEST(Histories, OfFloatingPointCountersAreAsSpecified) {
  ExpectNoFailure(
      {.kinds = {Kind::kIncrement, Kind::kIncrement, Kind::kIncrement, Kind::kSet, Kind::kDelete},
       .floats = true});
}

TEST(Histories, OfSetsAreAsSpecified) {
  ExpectNoFailure(
      {.kinds = {Kind::kSetAdd, Kind::kSetAdd, Kind::kSetRemove, Kind::kDelete, Kind::kFlush}});
}

TEST(Histories, OfHashesAreAsSpecified) {
  ExpectNoFailure({.kinds = {Kind::kHashSet, Kind::kHashIncrement, Kind::kHashIncrement,
                             Kind::kHashDelete, Kind::kDelete, Kind::kFlush}});
}

TEST(Histories, OfHashesWithFractionsAreAsSpecified) {
  ExpectNoFailure({.kinds = {Kind::kHashSet, Kind::kHashIncrement, Kind::kHashIncrement,
                             Kind::kHashDelete, Kind::kDelete},
                   .floats = true});
}

TEST(Histories, OfListsAreAsSpecified) {
  ExpectNoFailure(
      {.kinds = {Kind::kListPush, Kind::kListPush, Kind::kListInsert, Kind::kListInsert,
                 Kind::kListSet, Kind::kListRemove, Kind::kListTrim, Kind::kDelete, Kind::kFlush}});
}

TEST(Histories, OfInsertionsIntoListsAreAsSpecified) {
  ExpectNoFailure({.kinds = {Kind::kListPush, Kind::kListInsert, Kind::kListInsert,
                             Kind::kListInsert, Kind::kListInsert, Kind::kListRemove}});
}

TEST(Histories, OfSortedSetsAreAsSpecified) {
  ExpectNoFailure(
      {.kinds = {Kind::kSortedSetAdd, Kind::kSortedSetIncrement, Kind::kSortedSetIncrement,
                 Kind::kSortedSetRemove, Kind::kDelete, Kind::kFlush}});
}

TEST(Histories, OfStreamsAreAsSpecified) {
  ExpectNoFailure({.kinds = {Kind::kStreamAdd, Kind::kStreamAdd, Kind::kStreamAdd,
                             Kind::kStreamRemove, Kind::kStreamTrim, Kind::kDelete, Kind::kFlush}});
}

TEST(Histories, OfConsumerGroupsAreAsSpecified) {
  ExpectNoFailure({.kinds = {Kind::kStreamAdd, Kind::kStreamAdd, Kind::kGroupCreate,
                             Kind::kGroupCreate, Kind::kGroupSetPosition, Kind::kGroupDeliver,
                             Kind::kGroupDeliver, Kind::kGroupAcknowledge, Kind::kGroupDestroy,
                             Kind::kStreamRemove, Kind::kDelete, Kind::kFlush}});
}

TEST(Histories, FinePrint18_OfHyperLogLogsAreAsSpecified) {
  ExpectNoFailure({.kinds = {Kind::kHyperLogLogAdd, Kind::kHyperLogLogAdd, Kind::kHyperLogLogAdd,
                             Kind::kDelete, Kind::kSet, Kind::kExpire, Kind::kFlush}});
}

TEST(Histories, OfTimesToLiveAreAsSpecified) {
  ExpectNoFailure({.kinds = {Kind::kExpire, Kind::kExpire, Kind::kSet, Kind::kSetAdd,
                             Kind::kSetRemove, Kind::kDelete}});
}

TEST(Histories, OfAllTypesOnTheSameKeysAreAsSpecified) {
  ExpectNoFailure({.kinds = {Kind::kSet,
                             Kind::kIncrement,
                             Kind::kIncrement,
                             Kind::kSetAdd,
                             Kind::kSetAdd,
                             Kind::kSetRemove,
                             Kind::kHashSet,
                             Kind::kHashIncrement,
                             Kind::kHashDelete,
                             Kind::kSortedSetAdd,
                             Kind::kSortedSetIncrement,
                             Kind::kSortedSetRemove,
                             Kind::kListPush,
                             Kind::kListInsert,
                             Kind::kListSet,
                             Kind::kListRemove,
                             Kind::kListTrim,
                             Kind::kStreamAdd,
                             Kind::kStreamRemove,
                             Kind::kGroupCreate,
                             Kind::kGroupDeliver,
                             Kind::kHyperLogLogAdd,
                             Kind::kHyperLogLogAdd,
                             Kind::kExpire,
                             Kind::kDelete,
                             Kind::kFlush}});
}

}  // namespace
}  // namespace properties
