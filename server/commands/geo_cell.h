// Places on the earth as scores of a sorted set: 52 bits in which those of longitude and latitude
// alternate, so that a cell of the earth is a range of scores ("geohash", Niemeyer, 2008).
//
// Same numbers as Redis', to the bit: scores and distances may be compared with its.
#pragma once

#include <cstdint>
#include <string>

namespace server {

struct GeoPoint {
  double longitude = 0;  // Degrees east.
  double latitude = 0;   // Degrees north.
};

// Beyond these latitudes there are no cells: the map of Mercator ends there.
inline constexpr double kMostLatitude = 85.05112878;
inline constexpr double kMostLongitude = 180;

struct GeoBounds {
  double west = 0;
  double south = 0;
  double east = 0;
  double north = 0;
};

// One of the 4^step equal parts of the map.
struct GeoCell {
  static constexpr int kMostSteps = 26;

  std::uint64_t bits = 0;
  int step = 0;

  bool operator==(const GeoCell&) const = default;
};

// REQUIRES: the point is on the map.
GeoCell CellAround(const GeoPoint& point, int step);
GeoBounds BoundsOf(const GeoCell& cell);
// The cell so many cells to the east and the north, each -1, 0 or 1; around the back of the map.
GeoCell Neighbour(const GeoCell& cell, int east, int north);

// The scores of the points in a cell are from `first` on, up to but not including `end`.
struct GeoScores {
  double first = 0;
  double end = 0;
};
GeoScores ScoresOf(const GeoCell& cell);

double GeoScore(const GeoPoint& point);
// The middle of the smallest cell. Any number gives a point, as in Redis.
GeoPoint PointOfScore(double score);
// Eleven letters of the usual alphabet, the last always '0'.
std::string GeoHashText(const GeoPoint& point);

// In metres, along a great circle.
double GeoDistance(const GeoPoint& from, const GeoPoint& to);
// In metres, along a meridian.
double LatitudeDistance(double from, double to);

}  // namespace server
