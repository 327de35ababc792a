// The server's log lines: UTC with milliseconds, one line per event.
#pragma once

#include <memory>
#include <string>

#include "crdt/result.h"
#include "server/environment.h"

namespace spdlog {
class logger;
}

namespace server {

class Logging : public EventLog {
 public:
  // An empty path: standard output.
  static crdt::Result<std::unique_ptr<Logging>> Open(const std::string& path,
                                                     const std::string& level);
  // Opens the file again under its name: somebody has moved it away.
  void Reopen();

  void Info(const std::string& line) override;
  void Warn(const std::string& line) override;
  void Error(const std::string& line) override;

 private:
  Logging(std::string path, std::string level) : path_(std::move(path)), level_(std::move(level)) {}
  crdt::Status Begin();

  std::string path_;
  std::string level_;
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace server
