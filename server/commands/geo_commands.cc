// Places on the earth: sorted sets whose scores are points.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/commands/command_families.h"
#include "server/commands/geo_words.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/commands/sorted_set_ranges.h"
#include "server/commands/sorted_set_writes.h"
#include "server/commands/typed_key.h"

namespace server {
namespace {

using crdt::KeyView;
using crdt::RankedMember;
using crdt::SortedSet;
using crdt::ValueType;

const SortedSet* SetOf(const KeyView& view) {
  return view.exists() ? &view.sorted_set() : nullptr;
}

std::optional<GeoPoint> PointOf(const KeyView& view, std::string_view member) {
  const auto score = view.exists() ? view.sorted_set().Score(member) : std::nullopt;
  return score ? std::optional(PointOfScore(*score)) : std::nullopt;
}

// With four digits behind the point.
void WriteDistance(ReplyWriter& reply, double distance) {
  constexpr int kDigits = 4;
  const long long scaled = std::llrint(distance * 10000);
  std::string text = std::to_string(scaled);
  if (text.size() <= kDigits) text.insert(0, kDigits + 1 - text.size(), '0');
  text.insert(text.size() - kDigits, 1, '.');
  reply.Bulk(text);
}

void WritePoint(ReplyWriter& reply, const GeoPoint& point) {
  reply.Array(2);
  reply.DoubleAs(crdt::FormatFloat(point.longitude));
  reply.DoubleAs(crdt::FormatFloat(point.latitude));
}

// --- Adding and looking up -----------------------------------------------------------------------

void GeoAdd(CommandContext& context, Arguments arguments) {
  AddOptions options;
  std::size_t at = 2;
  for (; at < arguments.size(); ++at) {
    if (EqualsIgnoreCase(arguments[at], "nx")) {
      options.only_new = true;
    } else if (EqualsIgnoreCase(arguments[at], "xx")) {
      options.only_there = true;
    } else if (EqualsIgnoreCase(arguments[at], "ch")) {
      options.count_changed = true;
    } else {
      break;
    }
  }
  const Arguments words = arguments.subspan(at);
  if (words.empty() || words.size() % 3 != 0 || (options.only_new && options.only_there)) {
    return context.reply.Error(kErrorSyntax);
  }
  ScoredMembers members;
  for (std::size_t i = 0; i < words.size(); i += 3) {
    const auto point = ParseGeoPoint(context.reply, words[i], words[i + 1]);
    if (!point) return;
    members.emplace_back(words[i + 2], GeoScore(*point));
  }
  AddMembers(context, arguments[1], members, options);
}

void GeoDist(CommandContext& context, Arguments arguments) {
  std::optional<double> metres = 1;
  if (arguments.size() == 5) metres = ParseGeoUnit(context.reply, arguments[4]);
  if (!metres) return;
  if (arguments.size() > 5) return context.reply.Error(kErrorSyntax);
  const auto view = ReadTyped(context, arguments[1], ValueType::kSortedSet);
  if (!view) return;
  const auto from = PointOf(*view, arguments[2]);
  const auto to = PointOf(*view, arguments[3]);
  if (!from || !to) return context.reply.Null();
  WriteDistance(context.reply, GeoDistance(*from, *to) / *metres);
}

void GeoHash(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kSortedSet);
  if (!view) return;
  context.reply.Array(arguments.size() - 2);
  for (const std::string_view member : arguments.subspan(2)) {
    const auto point = PointOf(*view, member);
    point ? context.reply.Bulk(GeoHashText(*point)) : context.reply.Null();
  }
}

void GeoPos(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kSortedSet);
  if (!view) return;
  context.reply.Array(arguments.size() - 2);
  for (const std::string_view member : arguments.subspan(2)) {
    const auto point = PointOf(*view, member);
    point ? WritePoint(context.reply, *point) : context.reply.NullArray();
  }
}

// --- Searching -----------------------------------------------------------------------------------

struct FoundPlace {
  std::string_view member;
  double score;
  GeoPoint point;
  double distance;  // In metres.
};

// Adds what of a cell is inside the shape. Stops at `most`; 0: at nothing.
void SearchCell(const SortedSet& set, const GeoCell& cell, const GeoShape& shape, std::size_t most,
                std::vector<FoundPlace>& found) {
  const GeoScores scores = ScoresOf(cell);
  const RankRange ranks = RanksIn(set, ScoreRange{{scores.first, false}, {scores.end, true}});
  if (ranks.size() == 0) return;
  std::uint64_t left = ranks.size();
  set.Ascend(ranks.first, [&](const RankedMember& member) {
    const GeoPoint point = PointOfScore(member.score);
    if (const auto distance = shape.DistanceTo(point)) {
      found.push_back({member.name, member.score, point, *distance});
    }
    return --left > 0 && (most == 0 || found.size() < most);
  });
}

std::vector<FoundPlace> Search(const SortedSet& set, const GeoQuery& query) {
  std::vector<FoundPlace> found;
  const std::size_t most = query.any ? query.count : 0;
  for (const GeoCell& cell : query.shape.Cells()) {
    if (most != 0 && found.size() >= most) break;
    SearchCell(set, cell, query.shape, most, found);
  }
  if (query.sort == GeoSort::kNearestFirst) {
    std::ranges::stable_sort(found, {}, &FoundPlace::distance);
  } else if (query.sort == GeoSort::kFarthestFirst) {
    std::ranges::stable_sort(found, std::ranges::greater(), &FoundPlace::distance);
  }
  if (query.count != 0 && found.size() > query.count) found.resize(query.count);
  return found;
}

void AnswerPlaces(ReplyWriter& reply, const GeoQuery& query,
                  const std::vector<FoundPlace>& places) {
  const std::size_t facts =
      (query.with_distance ? 1 : 0) + (query.with_hash ? 1 : 0) + (query.with_point ? 1 : 0);
  reply.Array(places.size());
  for (const FoundPlace& place : places) {
    if (facts > 0) reply.Array(facts + 1);
    reply.Bulk(place.member);
    if (query.with_distance) WriteDistance(reply, place.distance / query.metres_per_unit);
    if (query.with_hash) reply.Integer(static_cast<std::int64_t>(place.score));
    if (query.with_point) WritePoint(reply, place.point);
  }
}

// Answers the query, or stores its result. `source` is the key that is searched.
void Answer(CommandContext& context, std::string_view source, const GeoQuery& query) {
  Database& database = context.database;
  if (query.store) database.ReadToWrite(*query.store);
  const KeyView view = database.Read(source);
  const std::vector<FoundPlace> places =
      view.exists() ? Search(view.sorted_set(), query) : std::vector<FoundPlace>();
  if (!query.store) return AnswerPlaces(context.reply, query, places);
  ScoredMembers members;
  for (const FoundPlace& place : places) {
    members.emplace_back(
        place.member, query.store_distance ? place.distance / query.metres_per_unit : place.score);
  }
  StoreMembers(context, *query.store, members);
}

template <GeoForm kForm>
void GeoSearch(CommandContext& context, Arguments arguments) {
  const std::string_view source = arguments[kForm == GeoForm::kSearchStore ? 2 : 1];
  const auto view = ReadTyped(context, source, ValueType::kSortedSet);
  if (!view) return;
  const auto query = ParseGeoSearch(context, arguments, kForm, SetOf(*view));
  if (query) Answer(context, source, *query);
}

template <GeoForm kForm, GeoCenter kCenter>
void GeoRadius(CommandContext& context, Arguments arguments) {
  const auto view = ReadTyped(context, arguments[1], ValueType::kSortedSet);
  if (!view) return;
  const auto query = ParseGeoRadius(context, arguments, kForm, kCenter, SetOf(*view));
  if (query) Answer(context, arguments[1], *query);
}

// --- Declarations --------------------------------------------------------------------------------

using enum Access;
namespace flag = command_flag;

constexpr std::string_view kStored =
    "Ships the result, computed from what is visible here, as new members, after an observed "
    "delete of what the destination held: members that other regions add meanwhile survive.";

constexpr KeywordKey kStoreOfRadius[] = {{"STORE", 6}, {"STOREDIST", 6}};
constexpr KeywordKey kStoreOfRadiusByMember[] = {{"STORE", 5}, {"STOREDIST", 5}};

constexpr CommandSpec kCommands[] = {
    {.name = "geoadd",
     .words = AtLeast(5),
     .keys = kOneKey,
     .access = kWrite,
     .flags = flag::kDenyOom,
     .group = "geo",
     .summary = "Adds members with their places, or sets their places.",
     .when_concurrent = "As ZADD: members unite; of places of one member that with the greatest "
                        "stamp counts.",
     .since = "3.2.0",
     .run = GeoAdd},
    {.name = "geodist",
     .words = AtLeast(4),
     .keys = kOneKey,
     .access = kRead,
     .group = "geo",
     .summary = "How far it is from one member to another.",
     .since = "3.2.0",
     .run = GeoDist},
    {.name = "geohash",
     .words = AtLeast(2),
     .keys = kOneKey,
     .access = kRead,
     .group = "geo",
     .summary = "The places of members as geohash texts.",
     .since = "3.2.0",
     .run = GeoHash},
    {.name = "geopos",
     .words = AtLeast(2),
     .keys = kOneKey,
     .access = kRead,
     .group = "geo",
     .summary = "The places of members as longitudes and latitudes.",
     .since = "3.2.0",
     .run = GeoPos},
    {.name = "geosearch",
     .words = AtLeast(7),
     .keys = kOneKey,
     .access = kRead,
     .group = "geo",
     .summary = "The members in a circle or a box.",
     .since = "6.2.0",
     .run = GeoSearch<GeoForm::kSearch>},
    {.name = "geosearchstore",
     .words = AtLeast(8),
     .keys = kTwoKeys,
     .key_use = KeyUse::kRead,
     .first_key_use = KeyUse::kOverwrite,
     .access = kWrite,
     .flags = flag::kDenyOom,
     .group = "geo",
     .summary = "Stores what GEOSEARCH answers.",
     .when_concurrent = kStored,
     .since = "6.2.0",
     .run = GeoSearch<GeoForm::kSearchStore>},
    {.name = "georadius",
     .words = AtLeast(6),
     .keys = kOneKey,
     .key_use = KeyUse::kOverwrite,
     .first_key_use = KeyUse::kRead,
     .access = kWrite,
     .flags = flag::kDenyOom | flag::kMovableKeys,
     .group = "geo",
     .summary = "The members in a circle around a point; may store them.",
     .when_concurrent = kStored,
     .since = "3.2.0",
     .run = GeoRadius<GeoForm::kRadius, GeoCenter::kPoint>,
     .keyword_keys = kStoreOfRadius},
    {.name = "georadius_ro",
     .words = AtLeast(6),
     .keys = kOneKey,
     .access = kRead,
     .group = "geo",
     .summary = "The members in a circle around a point.",
     .since = "3.2.10",
     .run = GeoRadius<GeoForm::kRadiusReadOnly, GeoCenter::kPoint>},
    {.name = "georadiusbymember",
     .words = AtLeast(5),
     .keys = kOneKey,
     .key_use = KeyUse::kOverwrite,
     .first_key_use = KeyUse::kRead,
     .access = kWrite,
     .flags = flag::kDenyOom | flag::kMovableKeys,
     .group = "geo",
     .summary = "The members in a circle around one of them; may store them.",
     .when_concurrent = kStored,
     .since = "3.2.0",
     .run = GeoRadius<GeoForm::kRadius, GeoCenter::kMember>,
     .keyword_keys = kStoreOfRadiusByMember},
    {.name = "georadiusbymember_ro",
     .words = AtLeast(5),
     .keys = kOneKey,
     .access = kRead,
     .group = "geo",
     .summary = "The members in a circle around one of them.",
     .since = "3.2.10",
     .run = GeoRadius<GeoForm::kRadiusReadOnly, GeoCenter::kMember>},
};

}  // namespace

std::span<const CommandSpec> GeoCommands() {
  return kCommands;
}

}  // namespace server
