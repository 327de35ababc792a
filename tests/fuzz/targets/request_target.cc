// A stream of requests means the same however it is cut into pieces.
#include <string>
#include <vector>

#include "crdt/result.h"
#include "server/resp/request_parser.h"
#include "targets.h"

namespace fuzz {
namespace {

using server::RequestParser;

// What comes out of the stream, an entry each; the pieces end where `cut` says.
std::vector<std::string> Outcomes(std::string_view bytes, std::size_t piece) {
  const server::RequestLimits limits{.most_bulk_bytes = 1000};
  RequestParser parser;
  std::vector<std::string> outcomes;
  std::string buffer;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    buffer += bytes.substr(at, piece);
    for (;;) {
      const auto outcome = parser.Parse(buffer, limits);
      if (outcome == RequestParser::Outcome::kIncomplete) break;
      if (outcome == RequestParser::Outcome::kError) {
        outcomes.push_back(parser.error());
        return outcomes;
      }
      if (outcome == RequestParser::Outcome::kRequest) {
        crdt::Require(!parser.arguments().empty(), "a request has a name");
        std::string request;
        for (const std::string_view argument : parser.arguments()) {
          request += std::to_string(argument.size()) + ":" + std::string(argument);
        }
        outcomes.push_back(request);
      }
      crdt::Require(parser.consumed() > 0 && parser.consumed() <= buffer.size(),
                    "the parser consumes what is there");
      buffer.erase(0, parser.consumed());
      if (buffer.empty()) break;
    }
  }
  return outcomes;
}

}  // namespace

void FuzzRequests(std::string_view bytes) {
  if (bytes.empty()) return;
  const std::size_t piece = 1 + static_cast<unsigned char>(bytes.front()) % 16;
  bytes.remove_prefix(1);
  crdt::Require(Outcomes(bytes, bytes.size() + 1) == Outcomes(bytes, piece),
                "pieces do not change what was asked");
}

}  // namespace fuzz
