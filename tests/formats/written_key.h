// A key that regions write in turns, and what is asked of the bytes of a type's effects and
// objects.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "crdt/object.h"
#include "crdt/prepare.h"
#include "golden.h"
#include "storage/log/segment.h"

namespace formats {

// Every version of the log that was ever written. The last one is written today.
inline constexpr std::uint32_t kLogVersions[] = {1};
static_assert(kLogVersions[std::size(kLogVersions) - 1] == storage::kSegmentVersion,
              "a new version gets golden files of its own, and the old ones stay");

inline std::string FileOf(std::string_view family, std::uint32_t version) {
  return std::string(family) + "." + std::to_string(version) + ".txt";
}

// Every write has seen all that were before it.
class WrittenKey {
 public:
  using Prepare = std::function<void(const crdt::KeyView&, crdt::EffectList&)>;

  // Returns the bytes of the effect.
  std::string Write(crdt::RegionId region, const Prepare& prepare) {
    return WriteHaving(crdt::Context::Everything(Next(region)), prepare);
  }
  // The same of a write that has seen nothing but itself.
  std::string WriteBlindly(crdt::RegionId region, const Prepare& prepare) {
    const crdt::VersionVector nothing;
    return WriteHaving(crdt::Context::Of(nothing, Next(region)), prepare);
  }
  std::string Bytes() const {
    std::string bytes;
    crdt::ByteWriter out(bytes);
    crdt::EncodeCell(*table_.Find("key"), out);
    return bytes;
  }
  crdt::KeyView view() const { return crdt::KeyView(table_.Find("key")); }

 private:
  crdt::Stamp Next(crdt::RegionId region) {
    return crdt::Stamp::At(1'800'000'000'000 + ++ms_, crdt::Writer(region, 1));
  }
  std::string WriteHaving(const crdt::Context& context, const Prepare& prepare) {
    crdt::EffectList effects;
    prepare(view(), effects);
    crdt::ByteReader in(effects.bytes());
    while (!in.at_end()) {
      const crdt::EffectView effect = crdt::EffectView::Decode(in).value();
      crdt::ApplyToTable(table_, crdt::KeyTable::Hash(effect.key), effect, context, nullptr);
    }
    return std::string(effects.bytes());
  }

  crdt::KeyTable table_;
  std::uint64_t ms_ = 0;
};

struct Written {
  Samples effects;
  Samples objects;
};

// `type` names the files: "stream" stream_effects.N.txt and stream_objects.N.txt.
inline void ExpectWrittenAsItWas(std::string_view type, const Written& written) {
  const std::string name(type);
  ExpectGolden(FileOf(name + "_effects", storage::kSegmentVersion), written.effects);
  ExpectGolden(FileOf(name + "_objects", storage::kSegmentVersion), written.objects);
}

inline void ExpectEveryVersionIsRead(std::string_view type) {
  for (const std::uint32_t version : kLogVersions) {
    for (const auto& [name, bytes] : ReadGolden(FileOf(std::string(type) + "_effects", version))) {
      crdt::ByteReader in(bytes);
      const auto effect = crdt::EffectView::Decode(in);
      ASSERT_TRUE(effect.has_value()) << name;
      EXPECT_TRUE(in.at_end()) << name;
    }
    for (const auto& [name, bytes] : ReadGolden(FileOf(std::string(type) + "_objects", version))) {
      crdt::ByteReader in(bytes);
      const auto object = crdt::Object::Decode(in);
      ASSERT_TRUE(object.has_value()) << name;
      EXPECT_TRUE(in.at_end()) << name;
      std::string again;
      crdt::ByteWriter out(again);
      object->Encode(out);
      EXPECT_EQ(ToHex(again), ToHex(bytes)) << name;
    }
  }
}

inline void ExpectEarlyEndsAreRefused(const Written& written) {
  for (const auto& [name, bytes] : written.objects) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      crdt::ByteReader in(std::string_view(bytes).substr(0, size));
      EXPECT_FALSE(crdt::Object::Decode(in).has_value()) << name << " cut to " << size;
    }
  }
  for (const auto& [name, bytes] : written.effects) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      crdt::ByteReader in(std::string_view(bytes).substr(0, size));
      EXPECT_FALSE(crdt::EffectView::Decode(in).has_value()) << name << " cut to " << size;
    }
  }
}

}  // namespace formats
