#include "server/logging.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace server {

crdt::Result<std::unique_ptr<Logging>> Logging::Open(const std::string& path,
                                                     const std::string& level) {
  std::unique_ptr<Logging> logging(new Logging(path, level));
  if (crdt::Status begun = logging->Begin(); !begun) return std::unexpected(begun.error());
  return logging;
}

crdt::Status Logging::Begin() {
  spdlog::sink_ptr sink;
  if (path_.empty()) {
    sink = std::make_shared<spdlog::sinks::stdout_sink_st>();
  } else {
    try {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_st>(path_);
    } catch (const spdlog::spdlog_ex& failure) {
      return crdt::Fail(crdt::ErrorCode::kInputOutput,
                        "cannot open the log file " + path_ + ": " + failure.what());
    }
  }
  logger_ = std::make_shared<spdlog::logger>("meridian", std::move(sink));
  logger_->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  logger_->set_level(spdlog::level::from_str(level_));
  logger_->flush_on(spdlog::level::info);
  return {};
}

void Logging::Reopen() {
  const std::shared_ptr<spdlog::logger> before = logger_;
  if (const crdt::Status begun = Begin(); !begun) {
    logger_ = before;
    Error(begun.error().detail);
  }
}

void Logging::Info(const std::string& line) {
  logger_->info(line);
}
void Logging::Warn(const std::string& line) {
  logger_->warn(line);
}
void Logging::Error(const std::string& line) {
  logger_->error(line);
}

}  // namespace server
