// Tells what nodes say to each other as text, for the dialogues in conversations/.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "machines.h"

namespace replication {

class Conversation {
 public:
  // Runs the script: one step a line, "#" begins a comment. Returns what was said.
  std::string Run(const std::string& script);

 private:
  // One direction of a connection: what its stream's contexts are coded against.
  struct Direction {
    FrameReader reader;
    storage::LogVectors running;
    bool follow = false;
    std::string last_state;
  };

  void Step(const std::string& line);
  void Hear(const std::string& from, const std::string& to, LinkId link, std::string_view bytes);
  std::string Tell(const Message& message, Direction& direction, LinkId link);
  std::string TellEntry(std::string_view payload, Direction& direction);
  std::string TellState(const NodeState& state) const;
  std::string TellVector(const crdt::VersionVector& vector) const;
  std::string TellStamp(crdt::Stamp stamp) const;
  void TellNodes();
  void Say(const std::string& line) { said_ += line + "\n"; }

  std::unique_ptr<Machines> machines_;
  std::map<LinkId, Direction> directions_;
  std::map<crdt::Stamp, std::string> names_;  // Of the records, for people.
  std::vector<std::string> node_names_;
  bool everything_ = false;  // Also what repeats itself: greetings, acknowledgements.
  std::string said_;
};

}  // namespace replication
