// The bytes between nodes, and the numbers of their fields.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

#include "../unit/replication/every_message.h"
#include "golden.h"
#include "replication/wire.h"

namespace replication {
namespace {

// Every version that a peer may still speak. The last one is spoken first.
constexpr std::uint32_t kVersions[] = {1};
static_assert(kVersions[0] == kLeastProtocolVersion);
static_assert(kVersions[std::size(kVersions) - 1] == kProtocolVersion,
              "a new version gets a golden file of its own, and the old ones stay");

std::string FileOf(std::uint32_t version) {
  return "wire." + std::to_string(version) + ".txt";
}

TEST(Formats, MessagesAreWrittenAsTheyWere) {
  formats::Samples samples;
  for (const auto& [name, message] : EveryMessage())
    samples.emplace_back(name, EncodeFrame(message));
  formats::ExpectGolden(FileOf(kProtocolVersion), samples);
}

TEST(Formats, MessagesOfEveryVersionAreRead) {
  for (const std::uint32_t version : kVersions) {
    for (const auto& [name, bytes] : formats::ReadGolden(FileOf(version))) {
      FrameReader reader;
      reader.Append(bytes);
      const auto payload = reader.Next();
      ASSERT_TRUE(payload && *payload) << name;
      const auto message = DecodeMessage(**payload);
      ASSERT_TRUE(message.has_value()) << name << ": " << message.error().detail;
      EXPECT_EQ(formats::ToHex(EncodeFrame(*message)), formats::ToHex(bytes)) << name;
    }
  }
}

// --- Numbers -------------------------------------------------------------------------------------

// The words of a .proto file, without comments.
std::vector<std::string> WordsOf(const std::string& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in.good()) << path;
  std::vector<std::string> words;
  for (std::string line; std::getline(in, line);) {
    line = line.substr(0, line.find("//"));
    std::string word;
    for (const char letter : line + " ") {
      if (std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_' || letter == '.') {
        word += letter;
        continue;
      }
      if (!word.empty()) words.push_back(std::exchange(word, {}));
      if (std::string_view("{}=;").find(letter) != std::string_view::npos) {
        words.emplace_back(1, letter);
      }
    }
  }
  return words;
}

// "Message.field = number : type", as the file says now.
std::map<std::string, std::string> FieldsNow() {
  const auto words = WordsOf(MERIDIAN_SOURCE_DIR "/replication/proto/peer.proto");
  std::map<std::string, std::string> fields;
  std::string message;
  for (std::size_t i = 0; i + 2 < words.size(); ++i) {
    if (words[i] == "message") message = words[i + 1];
    if (words[i] != "=" || i < 2 || message.empty()) continue;
    const bool repeated = i > 2 && words[i - 3] == "repeated";
    fields[message + "." + words[i + 1]] =
        words[i - 1] + " : " + (repeated ? "repeated " : "") + words[i - 2];
  }
  return fields;
}

// peer_fields.txt holds every number that was ever given, those of fields that are gone included.
// UPDATE_GOLDEN=1 adds new ones; nothing is ever taken out.
TEST(Formats, FieldNumbersNeverChangeAndAreNeverGivenAgain) {
  const std::string path = formats::GoldenPath("peer_fields.txt");
  std::map<std::string, std::string> given;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t equals = line.find(" = ");
    given[line.substr(0, equals)] = line.substr(equals + 3);
  }
  const auto now = FieldsNow();
  EXPECT_GT(now.size(), 60U);
  for (const auto& [number, field] : now) {
    const auto before = given.find(number);
    if (before == given.end()) {
      if (std::getenv("UPDATE_GOLDEN") != nullptr) {
        given[number] = field;
      } else {
        ADD_FAILURE() << number << " is new: " << field;
      }
      continue;
    }
    EXPECT_EQ(before->second, field) << number << " was given to another field before";
  }
  if (std::getenv("UPDATE_GOLDEN") == nullptr) return;
  std::ofstream out(path);
  out << "# Message.number = field : type, of all fields of replication/proto/peer.proto that ever "
         "were.\n";
  for (const auto& [number, field] : given) out << number << " = " << field << '\n';
}

}  // namespace
}  // namespace replication
