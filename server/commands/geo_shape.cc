#include "server/commands/geo_shape.h"

#include <algorithm>
#include <cmath>

#include "server/commands/geo_earth.h"

namespace server {
namespace {

// Half the circumference of the map of Mercator.
constexpr double kMercatorMetres = 20037726.37;

// Into how small cells the earth may be divided for the cell around a point and its neighbours to
// hold all that is within reach.
int StepsFor(double reach, double latitude) {
  if (reach == 0) return GeoCell::kMostSteps;
  int step = 1;
  for (double metres = reach; metres < kMercatorMetres; metres *= 2) ++step;
  step -= 2;  // The point may stand at the very edge of its cell.
  // Towards the poles cells are narrower.
  const double from_equator = std::fabs(latitude);
  if (from_equator > 66) step -= 2;
  if (from_equator > 80) step -= 1;
  return std::clamp(step, 1, GeoCell::kMostSteps);
}

// Whether the cells to all four sides end outside of the bounds.
bool NeighboursReach(const GeoCell& cell, const GeoBounds& bounds) {
  return BoundsOf(Neighbour(cell, 0, 1)).north >= bounds.north &&
         BoundsOf(Neighbour(cell, 0, -1)).south <= bounds.south &&
         BoundsOf(Neighbour(cell, 1, 0)).east >= bounds.east &&
         BoundsOf(Neighbour(cell, -1, 0)).west <= bounds.west;
}

struct Side {
  int east;
  int north;
};
constexpr Side kSides[] = {{0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}};

// Nothing on that side of the cell is inside the bounds.
bool IsBeyond(const Side& side, const GeoBounds& cell, const GeoBounds& bounds) {
  return (side.north < 0 && cell.south < bounds.south) ||
         (side.north > 0 && cell.north > bounds.north) ||
         (side.east < 0 && cell.west < bounds.west) || (side.east > 0 && cell.east > bounds.east);
}

}  // namespace

std::optional<double> GeoShape::DistanceTo(const GeoPoint& point) const {
  if (kind == Kind::kBox) {
    if (LatitudeDistance(point.latitude, center.latitude) > height / 2) return std::nullopt;
    const GeoPoint beside{center.longitude, point.latitude};
    if (GeoDistance(point, beside) > width / 2) return std::nullopt;
    return GeoDistance(center, point);
  }
  const double distance = GeoDistance(center, point);
  return distance <= width / 2 ? std::optional(distance) : std::nullopt;
}

// From the centre to the farthest point inside.
double GeoShape::Reach() const {
  if (kind == Kind::kCircle) return width / 2;
  return std::sqrt((width / 2) * (width / 2) + (height / 2) * (height / 2));
}

// A parallel is the shorter the farther it is from the equator: the side nearer to the pole decides
// how many degrees of longitude are inside.
GeoBounds GeoShape::Bounds() const {
  const double latitudes = Degrees(height / 2 / kEarthRadiusMetres);
  const double nearer_pole =
      center.latitude < 0 ? center.latitude - latitudes : center.latitude + latitudes;
  const double longitudes =
      Degrees(width / 2 / kEarthRadiusMetres / std::cos(Radians(nearer_pole)));
  return {.west = center.longitude - longitudes,
          .south = center.latitude - latitudes,
          .east = center.longitude + longitudes,
          .north = center.latitude + latitudes};
}

std::vector<GeoCell> GeoShape::Cells() const {
  const GeoBounds bounds = Bounds();
  int step = StepsFor(Reach(), center.latitude);
  GeoCell middle = CellAround(center, step);
  if (step > 1 && !NeighboursReach(middle, bounds)) middle = CellAround(center, --step);
  const GeoBounds middle_bounds = BoundsOf(middle);
  std::vector<GeoCell> cells = {middle};
  for (const Side& side : kSides) {
    // Halves and quarters of the earth have no far sides.
    if (step >= 2 && IsBeyond(side, middle_bounds, bounds)) continue;
    const GeoCell cell = Neighbour(middle, side.east, side.north);
    // Around the back of the earth two neighbours may be one.
    if (cells.size() > 1 && cell == cells.back()) continue;
    cells.push_back(cell);
  }
  return cells;
}

}  // namespace server
