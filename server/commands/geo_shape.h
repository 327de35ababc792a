// What is searched on the earth: a circle or a box around a point, and the cells that cover it.
#pragma once

#include <optional>
#include <vector>

#include "server/commands/geo_cell.h"

namespace server {

struct GeoShape {
  enum class Kind { kCircle, kBox };

  Kind kind = Kind::kCircle;
  GeoPoint center;
  // In metres; of a circle both are its diameter.
  double width = 0;
  double height = 0;

  // How far from the centre in metres; empty where the point is outside.
  std::optional<double> DistanceTo(const GeoPoint& point) const;

  // Up to nine cells that together hold every point inside: the one around the centre first, then
  // its neighbours, in the order of Redis, which is that of a reply that nobody asked to sort.
  std::vector<GeoCell> Cells() const;

 private:
  GeoBounds Bounds() const;
  double Reach() const;
};

}  // namespace server
