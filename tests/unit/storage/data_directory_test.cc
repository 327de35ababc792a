#include "storage/data_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "storage/posix_disk.h"
#include "tests/support/temporary_directory.h"

namespace storage {
namespace {

class DataDirectoryTest : public ::testing::Test {
 protected:
  std::string Path() const { return temporary_.path() + "/data"; }

  TemporaryDirectory temporary_;
  PosixDisk disk_;
};

TEST_F(DataDirectoryTest, IsMadeForItsOwnerAloneAndSaysItsFormat) {
  const auto directory = DataDirectory::Open(Path(), "port 7001");
  ASSERT_TRUE(directory.has_value()) << directory.error().detail;
  struct stat info{};
  ASSERT_EQ(::stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  EXPECT_EQ(disk_.ReadFile(Path() + "/FORMAT").value(), "1\n");
}

TEST_F(DataDirectoryTest, ASecondProcessIsToldWhoHoldsIt) {
  const auto first = DataDirectory::Open(Path(), "port 7001");
  ASSERT_TRUE(first.has_value());
  const auto second = DataDirectory::Open(Path(), "port 7002");
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, crdt::ErrorCode::kRefused);
  EXPECT_NE(second.error().detail.find("process " + std::to_string(::getpid())), std::string::npos);
  EXPECT_NE(second.error().detail.find("port 7001"), std::string::npos);
}

TEST_F(DataDirectoryTest, IsFreeAgainWhenItsHolderIsGone) {
  {
    ASSERT_TRUE(DataDirectory::Open(Path(), "port 7001").has_value());
  }
  EXPECT_TRUE(DataDirectory::Open(Path(), "port 7002").has_value());
}

TEST_F(DataDirectoryTest, ANewerFormatIsRefusedByNameAndLeftUntouched) {
  ASSERT_TRUE(disk_.MakeDirectory(Path()).has_value());
  ASSERT_TRUE(disk_.ReplaceFile(Path() + "/FORMAT", "2\n").has_value());
  ASSERT_EQ(::chmod(Path().c_str(), 0750), 0);
  const auto directory = DataDirectory::Open(Path(), "port 7001");
  ASSERT_FALSE(directory.has_value());
  EXPECT_EQ(directory.error().code, crdt::ErrorCode::kUnsupported);
  EXPECT_NE(directory.error().detail.find("format version 2"), std::string::npos);
  EXPECT_EQ(disk_.List(Path()).value(), std::vector<std::string>{"FORMAT"});
  struct stat info{};
  ASSERT_EQ(::stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0750u);
}

TEST_F(DataDirectoryTest, AFormatThatIsNoNumberIsDamage) {
  ASSERT_TRUE(disk_.MakeDirectory(Path()).has_value());
  ASSERT_TRUE(disk_.ReplaceFile(Path() + "/FORMAT", "none\n").has_value());
  EXPECT_EQ(DataDirectory::Open(Path(), "port 7001").error().code, crdt::ErrorCode::kCorrupt);
}

TEST_F(DataDirectoryTest, ACopyHasAnotherIdentityAndARestartHasNot) {
  const std::uint64_t original = DataDirectory::Open(Path(), "port 7001")->identity();
  EXPECT_EQ(DataDirectory::Open(Path(), "port 7001")->identity(), original);
  const std::string copy = temporary_.path() + "/copy";
  std::filesystem::copy(Path(), copy, std::filesystem::copy_options::recursive);
  EXPECT_NE(DataDirectory::Open(copy, "port 7001")->identity(), original);
}

}  // namespace
}  // namespace storage
