// The earth as a sphere, with the numbers that Redis takes.
#pragma once

#include <numbers>

namespace server {

// The quadratic mean radius of WGS 84.
inline constexpr double kEarthRadiusMetres = 6372797.560856;

inline constexpr double kRadiansPerDegree = std::numbers::pi / 180.0;

constexpr double Radians(double degrees) {
  return degrees * kRadiansPerDegree;
}
constexpr double Degrees(double radians) {
  return radians / kRadiansPerDegree;
}

}  // namespace server
