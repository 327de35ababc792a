#include "server/commands/geo_cell.h"

#include <algorithm>
#include <cmath>

#include "server/commands/geo_earth.h"

namespace server {
namespace {

constexpr std::uint64_t kLongitudeBits = 0xaaaaaaaaaaaaaaaa;
constexpr std::uint64_t kLatitudeBits = 0x5555555555555555;

// The bits of a number at every second place.
std::uint64_t Spread(std::uint32_t number) {
  std::uint64_t bits = number;
  bits = (bits | bits << 16) & 0x0000ffff0000ffff;
  bits = (bits | bits << 8) & 0x00ff00ff00ff00ff;
  bits = (bits | bits << 4) & 0x0f0f0f0f0f0f0f0f;
  bits = (bits | bits << 2) & 0x3333333333333333;
  return (bits | bits << 1) & kLatitudeBits;
}

// The inverse: what stands at the even places.
std::uint32_t Gather(std::uint64_t bits) {
  bits &= kLatitudeBits;
  bits = (bits | bits >> 1) & 0x3333333333333333;
  bits = (bits | bits >> 2) & 0x0f0f0f0f0f0f0f0f;
  bits = (bits | bits >> 4) & 0x00ff00ff00ff00ff;
  bits = (bits | bits >> 8) & 0x0000ffff0000ffff;
  return static_cast<std::uint32_t>(bits | bits >> 16);
}

// How many of 2^step parts of a range up to `most` on both sides of 0 lie before a value.
std::uint32_t PartOf(double value, double most, int step) {
  const double offset = (value + most) / (most + most);
  return static_cast<std::uint32_t>(offset * static_cast<double>(std::uint64_t{1} << step));
}

double StartOfPart(std::uint32_t part, double most, int step) {
  return -most + (part * 1.0 / static_cast<double>(std::uint64_t{1} << step)) * (most + most);
}

std::uint64_t Interleave(const GeoPoint& point, double most_latitude, int step) {
  return Spread(PartOf(point.latitude, most_latitude, step)) |
         Spread(PartOf(point.longitude, kMostLongitude, step)) << 1;
}

// One step along one of the two directions, whose bits are `own`.
std::uint64_t Move(const GeoCell& cell, std::uint64_t own, int by) {
  const std::uint64_t other = ~own;
  const int unused = 64 - cell.step * 2;
  const std::uint64_t carry = other >> unused;
  std::uint64_t moved = cell.bits & own;
  moved = by > 0 ? moved + (carry + 1) : (moved | carry) - (carry + 1);
  return (moved & own >> unused) | (cell.bits & other);
}

}  // namespace

GeoCell CellAround(const GeoPoint& point, int step) {
  return {Interleave(point, kMostLatitude, step), step};
}

GeoBounds BoundsOf(const GeoCell& cell) {
  const std::uint32_t latitude = Gather(cell.bits);
  const std::uint32_t longitude = Gather(cell.bits >> 1);
  return {.west = StartOfPart(longitude, kMostLongitude, cell.step),
          .south = StartOfPart(latitude, kMostLatitude, cell.step),
          .east = StartOfPart(longitude + 1, kMostLongitude, cell.step),
          .north = StartOfPart(latitude + 1, kMostLatitude, cell.step)};
}

GeoCell Neighbour(const GeoCell& cell, int east, int north) {
  GeoCell moved = cell;
  if (east != 0) moved.bits = Move(moved, kLongitudeBits, east);
  if (north != 0) moved.bits = Move(moved, kLatitudeBits, north);
  return moved;
}

GeoScores ScoresOf(const GeoCell& cell) {
  const int unused = (GeoCell::kMostSteps - cell.step) * 2;
  return {static_cast<double>(cell.bits << unused), static_cast<double>((cell.bits + 1) << unused)};
}

double GeoScore(const GeoPoint& point) {
  return static_cast<double>(CellAround(point, GeoCell::kMostSteps).bits);
}

GeoPoint PointOfScore(double score) {
  constexpr double kBeyond = 9223372036854775808.0;  // 2^63
  const std::uint64_t bits = score > -kBeyond && score < kBeyond
                                 ? static_cast<std::uint64_t>(static_cast<std::int64_t>(score))
                                 : std::uint64_t{1} << 63;
  const GeoBounds bounds = BoundsOf({bits, GeoCell::kMostSteps});
  return {std::clamp((bounds.west + bounds.east) / 2, -kMostLongitude, kMostLongitude),
          std::clamp((bounds.south + bounds.north) / 2, -kMostLatitude, kMostLatitude)};
}

std::string GeoHashText(const GeoPoint& point) {
  static constexpr char kLetters[] = "0123456789bcdefghjkmnpqrstuvwxyz";
  // The usual hash divides latitudes up to the poles.
  const std::uint64_t bits = Interleave(point, 90, GeoCell::kMostSteps);
  std::string text;
  for (int shift = 47; shift > 0; shift -= 5) text += kLetters[bits >> shift & 0x1f];
  return text + '0';  // An eleventh would take 55 bits, and there are 52.
}

double LatitudeDistance(double from, double to) {
  return kEarthRadiusMetres * std::fabs(Radians(to) - Radians(from));
}

double GeoDistance(const GeoPoint& from, const GeoPoint& to) {
  // By haversines, which keep their precision for points that are near each other.
  const double along = std::sin((Radians(to.longitude) - Radians(from.longitude)) / 2);
  if (along == 0) return LatitudeDistance(from.latitude, to.latitude);
  const double from_latitude = Radians(from.latitude);
  const double to_latitude = Radians(to.latitude);
  const double across = std::sin((to_latitude - from_latitude) / 2);
  const double square =
      across * across + std::cos(from_latitude) * std::cos(to_latitude) * along * along;
  return 2.0 * kEarthRadiusMetres * std::asin(std::sqrt(square));
}

}  // namespace server
