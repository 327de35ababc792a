#include <gtest/gtest.h>

#include <string>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

class SortedSetCommandsTest : public testing::Test {
 protected:
  std::string Run(std::string_view line) { return client_.Run(line); }

  FakeNode node_;
  TestClient client_{node_};
};

TEST_F(SortedSetCommandsTest, AddsMovesAndRemoves) {
  EXPECT_EQ(Run("ZADD z 2 b 1 a 3 c"), ":3|");
  EXPECT_EQ(Run("ZADD z CH 9 a 2 b 4 d"), ":2|");
  EXPECT_EQ(Run("ZRANGE z 0 -1"), "*4|$1|b|$1|c|$1|d|$1|a|");
  EXPECT_EQ(Run("ZREM z a x a"), ":1|");
  EXPECT_EQ(Run("ZCARD z"), ":3|");
  EXPECT_EQ(Run("ZREM z b c d"), ":3|");
  EXPECT_FALSE(node_.database().Read("z").exists());
}

TEST_F(SortedSetCommandsTest, AddsByCondition) {
  EXPECT_EQ(Run("ZADD z XX 1 a"), ":0|");
  EXPECT_EQ(Run("ZADD z NX 1 a 1 b"), ":2|");
  EXPECT_EQ(Run("ZADD z NX CH 5 a"), ":0|");
  EXPECT_EQ(Run("ZADD z GT CH 5 a 0 b"), ":1|");
  EXPECT_EQ(Run("ZADD z LT CH 0 b 9 a"), ":1|");
  EXPECT_EQ(Run("ZMSCORE z a b x"), "*3|$1|5|$1|0|$-1|");
  EXPECT_EQ(Run("ZADD z GT LT 1 a"),
            "-ERR GT, LT, and/or NX options at the same time are not compatible|");
}

TEST_F(SortedSetCommandsTest, CountsUpAndRefusesASumOfBothInfinities) {
  EXPECT_EQ(Run("ZINCRBY z 1.5 a"), "$3|1.5|");
  EXPECT_EQ(Run("ZADD z INCR 2 a"), "$3|3.5|");
  EXPECT_EQ(Run("ZADD z NX INCR 2 a"), "$-1|");
  EXPECT_EQ(Run("ZINCRBY z inf a"), "$3|inf|");
  EXPECT_EQ(Run("ZINCRBY z -inf a"), "-ERR resulting score is not a number (NaN)|");
  EXPECT_EQ(Run("ZADD z 1 a"), ":0|");
  EXPECT_EQ(Run("ZINCRBY z 1 a"), "$1|2|");
}

TEST_F(SortedSetCommandsTest, TellsRanksWithScoresWhereAsked) {
  Run("ZADD z 1 a 2 b 2 c");
  EXPECT_EQ(Run("ZRANK z c"), ":2|");
  EXPECT_EQ(Run("ZREVRANK z c"), ":0|");
  EXPECT_EQ(Run("ZRANK z b WITHSCORE"), "*2|:1|$1|2|");
  EXPECT_EQ(Run("ZREVRANK z a withscore"), "*2|:2|$1|1|");
  EXPECT_EQ(Run("ZRANK z x"), "$-1|");
  EXPECT_EQ(Run("ZRANK z x WITHSCORE"), "*-1|");
  EXPECT_EQ(Run("ZRANK nosuch x WITHSCORE"), "*-1|");
  EXPECT_EQ(Run("ZRANK z a WITHSCORES"), "-ERR syntax error|");
}

TEST_F(SortedSetCommandsTest, TellsScoresWithTheFewestDigits) {
  Run("ZADD z 0.1 a 3.1 b 1e21 c 100000000000000000 d");
  EXPECT_EQ(Run("ZMSCORE z a b c d"), "*4|$3|0.1|$3|3.1|$5|1e+21|$18|100000000000000000|");
}

TEST_F(SortedSetCommandsTest, UnitesSortedSetsAndSets) {
  Run("ZADD a 1 x 2 y");
  Run("SADD s y w");
  EXPECT_EQ(Run("ZUNION 2 a s WEIGHTS 2 10 WITHSCORES"), "*6|$1|x|$1|2|$1|w|$2|10|$1|y|$2|14|");
  EXPECT_EQ(Run("ZINTERSTORE d 2 a s AGGREGATE MAX"), ":1|");
  EXPECT_EQ(Run("ZRANGE d 0 -1 WITHSCORES"), "*2|$1|y|$1|2|");
  EXPECT_EQ(Run("ZDIFFSTORE d 2 s a"), ":1|");
  EXPECT_EQ(Run("ZRANGE d 0 -1 WITHSCORES"), "*2|$1|w|$1|1|");
  EXPECT_EQ(Run("ZINTERCARD 2 a s LIMIT 1"), ":1|");
  EXPECT_EQ(Run("ZUNIONSTORE d 0 a"),
            "-ERR at least 1 input key is needed for 'zunionstore' command|");
}

TEST_F(SortedSetCommandsTest, AStoredResultReplacesWhateverWasThere) {
  Run("ZADD a 1 x");
  Run("SET d text");
  EXPECT_EQ(Run("ZRANGESTORE d a 0 -1"), ":1|");
  EXPECT_EQ(Run("TYPE d"), "+zset|");
  EXPECT_EQ(Run("ZRANGESTORE d a 5 6"), ":0|");
  EXPECT_EQ(Run("EXISTS d"), ":0|");
}

TEST_F(SortedSetCommandsTest, PopsFromBothEnds) {
  Run("ZADD z 1 a 2 b 3 c 4 d");
  EXPECT_EQ(Run("ZPOPMIN z"), "*2|$1|a|$1|1|");
  EXPECT_EQ(Run("ZPOPMAX z 2"), "*4|$1|d|$1|4|$1|c|$1|3|");
  EXPECT_EQ(Run("ZMPOP 2 nosuch z MAX"), "*2|$1|z|*1|*2|$1|b|$1|2|");
  EXPECT_EQ(Run("ZMPOP 2 nosuch z MAX"), "*-1|");
}

TEST_F(SortedSetCommandsTest, FindsPlacesInCirclesAndBoxes) {
  EXPECT_EQ(Run("GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania"), ":2|");
  EXPECT_EQ(Run("GEODIST g Palermo Catania km"), "$8|166.2742|");
  EXPECT_EQ(Run("GEOHASH g Palermo Catania x"), "*3|$11|sqc8b49rny0|$11|sqdtr74hyu0|$-1|");
  EXPECT_EQ(Run("GEOPOS g Palermo"), "*1|*2|$20|13.36138933897018433|$20|38.11555639549629859|");
  EXPECT_EQ(Run("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km DESC WITHDIST"),
            "*2|*2|$7|Palermo|$8|190.4424|*2|$7|Catania|$7|56.4413|");
  EXPECT_EQ(Run("GEOSEARCH g FROMLONLAT 15 37 BYBOX 100 300 km"), "*1|$7|Catania|");
  EXPECT_EQ(Run("GEORADIUSBYMEMBER g Palermo 10 km STORE near"), ":1|");
  EXPECT_EQ(Run("ZSCORE near Palermo"), "$16|3479099956230698|");
  EXPECT_EQ(Run("GEOADD g 181 0 x"), "-ERR invalid longitude,latitude pair 181.000000,0.000000|");
}

}  // namespace
}  // namespace server
