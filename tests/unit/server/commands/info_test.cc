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

TEST_F(InfoTest, IsABulkStringForOldClientsAndVerbatimForNew) {
  EXPECT_EQ(client_.Run("INFO keyspace"), "$12|# Keyspace||");
  client_.Run("HELLO 3");
  EXPECT_EQ(client_.Run("INFO keyspace"), "=16|txt:# Keyspace||");
}

}  // namespace
}  // namespace server
