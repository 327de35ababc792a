// The greeting of two nodes: who are you, do we speak the same protocol, do you know the secret.
//
// Both sides say Hello at once, check the other's, and answer its nonce with a Proof. Nothing else
// is taken before that. Without I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "crdt/result.h"
#include "replication/messages.h"

namespace replication {

struct Identity {
  std::string deployment;
  crdt::RegionId region = 0;
  std::string region_name;
  std::uint32_t ordinal = 0;
  std::string server_version;
  std::string log_id;
};

// Whom a dialled address is supposed to be.
struct Expected {
  crdt::RegionId region = 0;
  std::string region_name;
  std::uint32_t ordinal = 0;
};

class Handshake {
 public:
  // `expected` is empty at the side that was dialled. `nonce` is 16 random bytes, never used
  // before.
  Handshake(Identity self, std::optional<Expected> expected, std::string secret, std::string nonce);

  Hello OwnHello() const;
  // The Proof to send, or why to close. The reason is meant for the other side too.
  crdt::Result<Proof> OnHello(const Hello& hello);
  crdt::Status OnProof(const Proof& proof);

  // The other side knows the secret.
  bool proved() const { return proved_; }
  // REQUIRES: OnHello succeeded.
  const Hello& peer() const { return *peer_; }
  bool same_region() const { return peer_->region == self_.region; }

 private:
  Identity self_;
  std::optional<Expected> expected_;
  std::string secret_;
  std::string nonce_;
  std::optional<Hello> peer_;
  bool proved_ = false;
};

}  // namespace replication
