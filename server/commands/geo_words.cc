#include "server/commands/geo_words.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <string>

#include "crdt/string_value.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/commands/sorted_set_ranges.h"

namespace server {
namespace {

struct Unit {
  std::string_view name;
  double metres;
};
constexpr std::array kUnits = {Unit{"m", 1}, Unit{"km", 1000}, Unit{"ft", 0.3048},
                               Unit{"mi", 1609.34}};

// Reads the words of one query from the front on. After the first error, which is answered, every
// step is refused.
class GeoParser {
 public:
  GeoParser(CommandContext& context, Arguments arguments, GeoForm form,
            const crdt::SortedSet* source)
      : reply_(context.reply), name_(arguments[0]), form_(form), source_(source) {}

  bool TakePoint(std::string_view longitude, std::string_view latitude) {
    const auto point = ParseGeoPoint(reply_, longitude, latitude);
    if (!point) return false;
    query_.shape.center = *point;
    return true;
  }

  bool TakeMember(std::string_view member) {
    if (source_ == nullptr) return true;  // The answer will be empty.
    const auto score = source_->Score(member);
    if (!score) return Refuse("ERR could not decode requested zset member");
    query_.shape.center = PointOfScore(*score);
    return true;
  }

  bool TakeRadius(std::string_view radius, std::string_view unit) {
    const auto length = ParseScoreWord(radius);
    if (!length) return Refuse("ERR need numeric radius");
    if (*length < 0) return Refuse("ERR radius cannot be negative");
    return TakeUnit(unit, GeoShape::Kind::kCircle, *length * 2, *length * 2);
  }

  bool TakeBox(std::string_view width, std::string_view height, std::string_view unit) {
    const auto across = ParseScoreWord(width);
    if (!across) return Refuse("ERR need numeric width");
    const auto along = ParseScoreWord(height);
    if (!along) return Refuse("ERR need numeric height");
    if (*across < 0 || *along < 0) return Refuse("ERR height or width cannot be negative");
    return TakeUnit(unit, GeoShape::Kind::kBox, *across, *along);
  }

  bool TakeOptions(Arguments words) {
    for (std::size_t i = 0; i < words.size();) {
      const std::size_t taken = TakeOption(words.subspan(i));
      if (taken == 0) return false;
      i += taken;
    }
    return true;
  }

  void StoreAt(std::string_view key) { query_.store = key; }

  // What can only be told at the end.
  std::optional<GeoQuery> Finish() {
    if (query_.store && (query_.with_distance || query_.with_hash || query_.with_point)) {
      Refuse(fmt::format(
          "ERR {} is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
          form_ == GeoForm::kSearchStore ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS"));
      return std::nullopt;
    }
    if (searches() && !centered_by_member_ && !centered_by_point_) {
      Refuse(fmt::format("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for {}",
                         Told(name_)));
      return std::nullopt;
    }
    if (searches() && !has_radius_ && !has_box_) {
      Refuse(fmt::format("ERR exactly one of BYRADIUS and BYBOX can be specified for {}",
                         Told(name_)));
      return std::nullopt;
    }
    if (query_.any && query_.count == 0) {
      Refuse("ERR the ANY argument requires COUNT argument");
      return std::nullopt;
    }
    // A number of them means the nearest ones.
    if (query_.count != 0 && query_.sort == GeoSort::kNone && !query_.any) {
      query_.sort = GeoSort::kNearestFirst;
    }
    return query_;
  }

 private:
  bool searches() const { return form_ == GeoForm::kSearch || form_ == GeoForm::kSearchStore; }

  bool Refuse(std::string_view error) {
    reply_.Error(error);
    return false;
  }

  bool TakeUnit(std::string_view unit, GeoShape::Kind kind, double width, double height) {
    const auto metres = ParseGeoUnit(reply_, unit);
    if (!metres) return false;
    query_.metres_per_unit = *metres;
    query_.shape.kind = kind;
    query_.shape.width = width * *metres;
    query_.shape.height = height * *metres;
    return true;
  }

  bool TakeFlag(std::string_view word) {
    if (EqualsIgnoreCase(word, "withdist")) return query_.with_distance = true;
    if (EqualsIgnoreCase(word, "withhash")) return query_.with_hash = true;
    if (EqualsIgnoreCase(word, "withcoord")) return query_.with_point = true;
    if (EqualsIgnoreCase(word, "any")) return query_.any = true;
    if (EqualsIgnoreCase(word, "asc")) {
      query_.sort = GeoSort::kNearestFirst;
      return true;
    }
    if (EqualsIgnoreCase(word, "desc")) {
      query_.sort = GeoSort::kFarthestFirst;
      return true;
    }
    if (form_ == GeoForm::kSearchStore && EqualsIgnoreCase(word, "storedist")) {
      return query_.store_distance = true;
    }
    return false;
  }

  bool TakeCount(std::string_view word) {
    const auto count = crdt::ParseInteger(word);
    if (!count) return Refuse(kErrorNotAnInteger);
    if (*count <= 0) return Refuse("ERR COUNT must be > 0");
    query_.count = static_cast<std::uint64_t>(*count);
    return true;
  }

  // How many words the option at the front takes; 0 where it was refused.
  std::size_t TakeOption(Arguments words) {
    const std::string_view option = words[0];
    if (TakeFlag(option)) return 1;
    if (words.size() > 1 && EqualsIgnoreCase(option, "count")) return TakeCount(words[1]) ? 2 : 0;
    const std::size_t taken = searches() ? TakeSearchOption(words) : TakeStoreOption(words);
    if (taken == kUnknown) {
      Refuse(kErrorSyntax);
      return 0;
    }
    return taken;
  }

  std::size_t TakeStoreOption(Arguments words) {
    if (form_ != GeoForm::kRadius || words.size() < 2) return kUnknown;
    const bool distances = EqualsIgnoreCase(words[0], "storedist");
    if (!distances && !EqualsIgnoreCase(words[0], "store")) return kUnknown;
    query_.store = words[1];
    query_.store_distance = distances;
    return 2;
  }

  std::size_t TakeSearchOption(Arguments words) {
    const std::string_view option = words[0];
    if (words.size() > 1 && !centered_by_point_ && EqualsIgnoreCase(option, "frommember")) {
      centered_by_member_ = true;
      return TakeMember(words[1]) ? 2 : 0;
    }
    if (words.size() > 2 && !centered_by_member_ && EqualsIgnoreCase(option, "fromlonlat")) {
      centered_by_point_ = true;
      return TakePoint(words[1], words[2]) ? 3 : 0;
    }
    if (words.size() > 2 && !has_box_ && EqualsIgnoreCase(option, "byradius")) {
      has_radius_ = true;
      return TakeRadius(words[1], words[2]) ? 3 : 0;
    }
    if (words.size() > 3 && !has_radius_ && EqualsIgnoreCase(option, "bybox")) {
      has_box_ = true;
      return TakeBox(words[1], words[2], words[3]) ? 4 : 0;
    }
    return kUnknown;
  }

  static constexpr std::size_t kUnknown = ~std::size_t{0};

  ReplyWriter& reply_;
  std::string_view name_;
  GeoForm form_;
  const crdt::SortedSet* source_;
  GeoQuery query_;
  bool centered_by_member_ = false;
  bool centered_by_point_ = false;
  bool has_radius_ = false;
  bool has_box_ = false;
};

}  // namespace

std::optional<double> ParseGeoUnit(ReplyWriter& reply, std::string_view word) {
  for (const Unit& unit : kUnits) {
    if (EqualsIgnoreCase(word, unit.name)) return unit.metres;
  }
  reply.Error("ERR unsupported unit provided. please use M, KM, FT, MI");
  return std::nullopt;
}

std::optional<GeoPoint> ParseGeoPoint(ReplyWriter& reply, std::string_view longitude,
                                      std::string_view latitude) {
  const auto east = ParseScoreWord(longitude);
  const auto north = east ? ParseScoreWord(latitude) : std::nullopt;
  if (!north) {
    reply.Error(kErrorNotAFloat);
    return std::nullopt;
  }
  if (*east < -kMostLongitude || *east > kMostLongitude || *north < -kMostLatitude ||
      *north > kMostLatitude) {
    reply.Error(fmt::format("ERR invalid longitude,latitude pair {:f},{:f}", *east, *north));
    return std::nullopt;
  }
  return GeoPoint{*east, *north};
}

std::optional<GeoQuery> ParseGeoSearch(CommandContext& context, Arguments arguments, GeoForm form,
                                       const crdt::SortedSet* source) {
  GeoParser parser(context, arguments, form, source);
  const bool stores = form == GeoForm::kSearchStore;
  if (stores) parser.StoreAt(arguments[1]);
  if (!parser.TakeOptions(arguments.subspan(stores ? 3 : 2))) return std::nullopt;
  return parser.Finish();
}

std::optional<GeoQuery> ParseGeoRadius(CommandContext& context, Arguments arguments, GeoForm form,
                                       GeoCenter center, const crdt::SortedSet* source) {
  GeoParser parser(context, arguments, form, source);
  const bool by_member = center == GeoCenter::kMember;
  const std::size_t at = by_member ? 3 : 4;  // Of the radius.
  const bool centered =
      by_member ? parser.TakeMember(arguments[2]) : parser.TakePoint(arguments[2], arguments[3]);
  if (!centered) return std::nullopt;
  // As Redis does it: around a member of nothing the radius is not looked at.
  const bool looks = !by_member || source != nullptr;
  if (looks && !parser.TakeRadius(arguments[at], arguments[at + 1])) return std::nullopt;
  if (!parser.TakeOptions(arguments.subspan(at + 2))) return std::nullopt;
  return parser.Finish();
}

}  // namespace server
