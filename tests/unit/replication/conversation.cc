#include "conversation.h"

#include <sstream>

namespace replication {
namespace {

std::string Join(const std::vector<std::string>& words, const char* between = " ") {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

}  // namespace

std::string Conversation::Run(const std::string& script) {
  std::istringstream lines(script);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    Say("== " + line);
    Step(line);
  }
  return std::exchange(said_, {});
}

void Conversation::Step(const std::string& line) {
  std::istringstream in(line);
  std::string verb;
  in >> verb;
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  if (verb == "nodes") {
    node_names_ = words;
    machines_ = std::make_unique<Machines>(words);
    machines_->watch = [this](const std::string& from, const std::string& to, LinkId link,
                              std::string_view bytes) { Hear(from, to, link, bytes); };
    machines_->watch_close = [this](LinkId link) { directions_.erase(link); };
  } else if (verb == "tell") {
    everything_ = words.at(0) == "everything";
  } else if (verb == "memory-bytes") {
    machines_->log_options.memory_bytes = std::stoull(words.at(0));
  } else if (verb == "start") {
    machines_->Start(words.at(0), words.size() > 1 && words[1] == "primary");
  } else if (verb == "run") {
    machines_->Run(std::stoll(words.at(0)));
  } else if (verb == "write") {
    for (std::size_t i = 1; i < words.size(); ++i) {
      names_[machines_->Write(words[0], words[i])] = words[i];
    }
    machines_->Settle();
  } else if (verb == "fill") {
    const std::string name = words.at(1);
    names_[machines_->Write(words[0], name + std::string(std::stoul(words.at(2)), '.'))] = name;
    machines_->Settle();
  } else if (verb == "kill") {
    machines_->Kill(words.at(0));
  } else if (verb == "cut") {
    machines_->Cut(words.at(0), words.at(1));
  } else if (verb == "heal") {
    machines_->Heal();
  } else if (verb == "pause") {
    EXPECT_TRUE((*machines_)[words.at(0)].replicator().Pause(machines_->RegionNumber(words.at(1))));
    machines_->Settle();
  } else if (verb == "resume") {
    EXPECT_TRUE(
        (*machines_)[words.at(0)].replicator().Resume(machines_->RegionNumber(words.at(1))));
    machines_->Settle();
  } else if (verb == "clock") {
    (*machines_)[words.at(0)].clock_error_ms = std::stoll(words.at(1));
  } else if (verb == "failover") {
    Machine& machine = (*machines_)[words.at(0)];
    const auto lacked = machine.replicator().TakeOver(machines_->now());
    Say(lacked ? *lacked : "refused: " + lacked.error().detail);
    machines_->Settle();
  } else if (verb == "nodes?") {
    TellNodes();
  } else {
    ADD_FAILURE() << "an unknown step: " << line;
  }
}

void Conversation::Hear(const std::string& from, const std::string& to, LinkId link,
                        std::string_view bytes) {
  Direction& direction = directions_[link];
  direction.reader.Append(bytes);
  for (auto payload = direction.reader.Next(); payload && *payload;
       payload = direction.reader.Next()) {
    const auto message = DecodeMessage(**payload);
    ASSERT_TRUE(message.has_value()) << message.error().detail;
    const std::string text = Tell(*message, direction, link);
    if (!text.empty()) Say(from + " -> " + to + "  " + text);
  }
}

std::string Conversation::TellStamp(crdt::Stamp stamp) const {
  const auto name = names_.find(stamp);
  if (name == names_.end()) return "?";
  return machines_->regions().at(stamp.region() - 1U) + "." +
         std::to_string(stamp.writer().epoch_slot()) + ":" + name->second;
}

std::string Conversation::TellVector(const crdt::VersionVector& vector) const {
  std::vector<std::string> words;
  for (const crdt::Stamp stamp : vector.entries()) words.push_back(TellStamp(stamp));
  return "{" + Join(words) + "}";
}

std::string Conversation::TellState(const NodeState& state) const {
  return std::string(state.primary ? "primary" : "replica") + " epoch " +
         std::to_string(state.epoch) + " has " + TellVector(state.floor) +
         (state.joining ? " joining" : "");
}

std::string Conversation::TellEntry(std::string_view payload, Direction& direction) {
  std::string text;
  switch (storage::KindOf(payload)) {
    case storage::FrameKind::kRecord: {
      const auto record = storage::DecodeRecord(payload, direction.running);
      if (!record) return "(a record that does not decode)";
      text = TellStamp(record->last_stamp()) + " after " + TellVector(record->context);
      if (!direction.follow) direction.running.floor = record->context;
      direction.running.PassRecord(record->last_stamp());
      return text;
    }
    case storage::FrameKind::kStable:
      text = "stable " + TellVector(storage::DecodeVector(payload).value());
      break;
    case storage::FrameKind::kFloorJump:
      text = "floor " + TellVector(storage::DecodeVector(payload).value());
      break;
    case storage::FrameKind::kEpoch:
      text = "epoch";
      break;
    case storage::FrameKind::kFragment:
    case storage::FrameKind::kVectorJump:
      text = "part of a join";
      break;
  }
  direction.running.Pass(payload);
  return text;
}

std::string Conversation::Tell(const Message& message, Direction& direction, LinkId link) {
  if (const auto* said = std::get_if<Refusal>(&message)) return "Refusal: " + said->reason;
  if (const auto* said = std::get_if<Subscribe>(&message)) {
    // The answer comes in the other direction, whose link is the neighbour's.
    std::vector<std::string> regions;
    for (const crdt::RegionId region : said->regions) {
      regions.push_back(machines_->regions().at(region - 1U));
    }
    return "Subscribe " + std::to_string(said->stream) + ": has " + TellVector(said->have) +
           (said->follow ? ", follows" : ", wants " + Join(regions));
  }
  if (const auto* said = std::get_if<StreamStart>(&message)) {
    direction.running = {.floor = said->reference};
    direction.follow = machines_->Follows(link);
    return "StreamStart " + std::to_string(said->stream);
  }
  if (const auto* said = std::get_if<Records>(&message)) {
    if (said->entries.empty()) return everything_ ? "Records: only a position" : "";
    std::vector<std::string> words;
    crdt::ByteReader in(said->entries);
    while (!in.at_end()) words.push_back(TellEntry(in.Bytes(), direction));
    return "Records: " + Join(words, ", ");
  }
  if (const auto* said = std::get_if<LinkState>(&message)) {
    return said->paused ? "LinkState paused" : "LinkState resumed";
  }
  if (const auto* said = std::get_if<JoinStart>(&message)) {
    return "JoinStart: floor " + TellVector(said->floor);
  }
  if (const auto* said = std::get_if<JoinEntries>(&message)) {
    return "JoinEntries of partition " + std::to_string(said->partition);
  }
  if (std::holds_alternative<JoinEnd>(message)) return "JoinEnd";
  if (const auto* said = std::get_if<Heartbeat>(&message)) {
    const std::string state = TellState(said->state);
    if (state == direction.last_state) return "";
    direction.last_state = state;
    return "Heartbeat: " + state;
  }
  if (const auto* said = std::get_if<NodeState>(&message)) {
    direction.last_state = TellState(*said);
    return "NodeState: " + direction.last_state;
  }
  if (!everything_) return "";
  if (const auto* said = std::get_if<Hello>(&message)) {
    return "Hello: region " + std::to_string(said->region) + " node " +
           std::to_string(said->ordinal);
  }
  if (std::holds_alternative<Proof>(message)) return "Proof";
  if (const auto* said = std::get_if<Acknowledgement>(&message)) {
    return "Acknowledgement: applied " + TellVector(said->applied) + ", durable " +
           TellVector(said->durable);
  }
  return "";
}

void Conversation::TellNodes() {
  for (const std::string& name : node_names_) {
    Machine& machine = (*machines_)[name];
    if (!machine.running()) {
      Say(name + " is down");
      continue;
    }
    std::string text = name + ": " + (machine.replicator().primary() ? "primary" : "replica") +
                       ", has [" + Join(machine.shard().order()) + "]";
    const auto replicas = machine.replicator().Report(machines_->now()).replicas.size();
    if (replicas > 0) text += ", feeds " + std::to_string(replicas);
    for (const RegionReport& region : machine.replicator().RegionReports(machines_->now())) {
      if (!machine.replicator().primary()) continue;
      text += ", " + region.name + " " + region.state;
      if (!region.detail.empty()) text += " (" + region.detail + ")";
    }
    Say(text);
  }
}

}  // namespace replication
