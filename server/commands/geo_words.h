// The words of GEOSEARCH, GEORADIUS and their kin.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "crdt/sorted_set.h"
#include "server/command.h"
#include "server/commands/geo_shape.h"

namespace server {

enum class GeoSort { kNone, kNearestFirst, kFarthestFirst };

struct GeoQuery {
  GeoShape shape;
  double metres_per_unit = 1;
  GeoSort sort = GeoSort::kNone;
  std::uint64_t count = 0;  // 0: all.
  bool any = false;         // The first `count` that are found will do.
  bool with_distance = false;
  bool with_hash = false;
  bool with_point = false;
  std::optional<std::string_view> store;  // Where the result goes instead of to the client.
  bool store_distance = false;
};

// Which of the commands: they differ in where the words stand, and which are allowed.
enum class GeoForm { kSearch, kSearchStore, kRadius, kRadiusReadOnly };
enum class GeoCenter { kPoint, kMember };

// "m", "km", "ft" or "mi". Empty, and the error answered, for any other.
std::optional<double> ParseGeoUnit(ReplyWriter& reply, std::string_view word);
// A longitude and a latitude on the map. Empty, and the error answered, where they are none.
std::optional<GeoPoint> ParseGeoPoint(ReplyWriter& reply, std::string_view longitude,
                                      std::string_view latitude);

// GEOSEARCH and GEOSEARCHSTORE. `source`: what is searched; null where the key is not there.
// Empty, and the error answered, where the words make no sense.
std::optional<GeoQuery> ParseGeoSearch(CommandContext& context, Arguments arguments, GeoForm form,
                                       const crdt::SortedSet* source);
// GEORADIUS, GEORADIUSBYMEMBER and their _RO forms.
std::optional<GeoQuery> ParseGeoRadius(CommandContext& context, Arguments arguments, GeoForm form,
                                       GeoCenter center, const crdt::SortedSet* source);

}  // namespace server
