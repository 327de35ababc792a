#include "server/info.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/server/commands/test_client.h"

namespace server {
namespace {

class InfoTest : public testing::Test {
 protected:
  std::string Text(std::string_view section) {
    const std::array<std::string_view, 1> wanted{section};
    return InfoText(node_, node_.database(), wanted);
  }

  FakeNode node_;
  TestClient client_{node_};
};

TEST_F(InfoTest, TellsSectionsByName) {
  EXPECT_TRUE(Text("server").starts_with("# Server\r\nredis_version:7.2.4\r\nmeridian_version:"));
  EXPECT_EQ(Text("SERVER").find("# Clients"), std::string::npos);
  EXPECT_EQ(Text("nothing"), "");
  EXPECT_NE(InfoText(node_, node_.database(), {}).find("# Meridian"), std::string::npos);
  for (const std::string_view title :
       {"# Server", "\r\n\r\n# Clients", "# Memory", "# Persistence", "# Stats", "# Replication",
        "# CPU", "# Modules", "# Errorstats", "# Cluster", "# Keyspace", "# Meridian"}) {
    EXPECT_NE(Text("everything").find(title), std::string::npos) << title;
  }
}

TEST_F(InfoTest, CountsKeysAndErrors) {
  EXPECT_EQ(Text("keyspace"), "# Keyspace\r\n");
  client_.Run("SADD s a");
  client_.Run("SADD t a");
  client_.Run("HGET s f");
  EXPECT_EQ(Text("keyspace"), "# Keyspace\r\ndb0:keys=2,expires=0,avg_ttl=0\r\n");
  EXPECT_EQ(Text("errorstats"), "# Errorstats\r\nerrorstat_WRONGTYPE:count=1\r\n");
}

TEST_F(InfoTest, CountsTheCallsOfCommands) {
  node_.usec_of_calls = {0, 7, 0, 3};
  client_.Run("GET k");
  client_.Run("CLIENT ID");
  client_.Run("CLIENT ID extra");
  client_.Run("INCR s x");
  client_.Run("SADD s a");
  client_.Run("INCR s");
  client_.Run("NOSUCH");
  EXPECT_EQ(
      Text("commandstats"),
      "# Commandstats\r\n"
      "cmdstat_client|id:calls=1,usec=3,usec_per_call=3.00,rejected_calls=1,failed_calls=0\r\n"
      "cmdstat_get:calls=1,usec=7,usec_per_call=7.00,rejected_calls=0,failed_calls=0\r\n"
      "cmdstat_incr:calls=1,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=1\r\n"
      "cmdstat_sadd:calls=1,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0\r\n");
  EXPECT_TRUE(Text("latencystats")
                  .starts_with("# Latencystats\r\nlatency_percentiles_usec_client|id:p50=3.000,"
                               "p99=3.000,p99.9=3.000\r\nlatency_percentiles_usec_get:p50=7.000,"));
  EXPECT_EQ(InfoText(node_, node_.database(), {}).find("cmdstat"), std::string::npos);
  client_.Run("CONFIG RESETSTAT");
  EXPECT_EQ(Text("commandstats"),
            "# Commandstats\r\ncmdstat_config|resetstat:calls=1,usec=0,usec_per_call=0.00,"
            "rejected_calls=0,failed_calls=0\r\n");
  EXPECT_EQ(Text("errorstats"), "# Errorstats\r\n");
}

TEST_F(InfoTest, IsABulkStringForOldClientsAndVerbatimForNew) {
  EXPECT_EQ(client_.Run("INFO keyspace"), "$12|# Keyspace||");
  client_.Run("HELLO 3");
  EXPECT_EQ(client_.Run("INFO keyspace"), "=16|txt:# Keyspace||");
}

}  // namespace
}  // namespace server
