// A scalar setting, and the table of all of them: the one place where a setting's name, its meaning
// and its text form stand. The file, the command line, CONFIG and docs/configuration.md follow it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "crdt/result.h"

namespace geo_config {

struct Config;

struct Setting {
  std::string_view name;     // In the file, on the command line and for CONFIG GET.
  std::string_view section;  // Of the documentation.
  std::string form;          // What may be written: "yes or no", "a number from 1 to 31".
  std::string_view doc;      // One sentence or two.
  bool at_run_time;          // CONFIG SET may change it.
  std::string (*get)(const Config& config);
  // The error says what would be right.
  crdt::Status (*set)(Config& config, const std::string& text);
};

std::span<const Setting> Settings();
const Setting* FindSetting(std::string_view name);

// docs/configuration.md.
std::string DocumentSettings();

}  // namespace geo_config
