#include "replication/handshake.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <utility>

namespace replication {
namespace {

using crdt::ErrorCode;
using crdt::Fail;

std::string NodeName(const std::string& deployment, crdt::RegionId region,
                     const std::string& region_name, std::uint32_t ordinal) {
  return "deployment '" + deployment + "' region " + std::to_string(region) + " ('" + region_name +
         "') node " + std::to_string(ordinal);
}

// What `prover` answers to `challenge`: bound to who it claims to be and to its own nonce, so that
// an answer cannot be used for another conversation.
std::string Mac(const std::string& secret, const std::string& challenge, const Hello& prover) {
  std::string text;
  crdt::ByteWriter out(text);
  out.Bytes(challenge);
  out.Bytes(prover.deployment);
  out.U8(prover.region);
  out.U32(prover.ordinal);
  out.Bytes(prover.nonce);
  std::string mac(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(mac.data()), &size);
  mac.resize(size);
  return mac;
}

}  // namespace

Handshake::Handshake(Identity self, std::optional<Expected> expected, std::string secret,
                     std::string nonce)
    : self_(std::move(self)),
      expected_(std::move(expected)),
      secret_(std::move(secret)),
      nonce_(std::move(nonce)) {}

Hello Handshake::OwnHello() const {
  Hello hello{.deployment = self_.deployment,
              .region = self_.region,
              .region_name = self_.region_name,
              .ordinal = self_.ordinal,
              .server_version = self_.server_version,
              .log_id = self_.log_id,
              .nonce = nonce_};
  if (expected_) {
    hello.expected_region = expected_->region;
    hello.expected_ordinal = expected_->ordinal;
  }
  return hello;
}

crdt::Result<Proof> Handshake::OnHello(const Hello& hello) {
  if (peer_) return Fail(ErrorCode::kRefused, "a second hello on one connection");
  const std::string mine =
      NodeName(self_.deployment, self_.region, self_.region_name, self_.ordinal);
  const std::string theirs =
      NodeName(hello.deployment, hello.region, hello.region_name, hello.ordinal);
  if (hello.protocol_version < kLeastProtocolVersion ||
      hello.least_protocol_version > kProtocolVersion) {
    return Fail(ErrorCode::kRefused, "no common protocol version: " + mine + " speaks " +
                                         std::to_string(kLeastProtocolVersion) + " to " +
                                         std::to_string(kProtocolVersion) + ", " + theirs +
                                         " speaks " + std::to_string(hello.least_protocol_version) +
                                         " to " + std::to_string(hello.protocol_version));
  }
  const bool self_again = hello.region == self_.region && hello.ordinal == self_.ordinal;
  const bool not_expected =
      expected_ && (expected_->region != hello.region || expected_->ordinal != hello.ordinal);
  const bool not_me = hello.expected_region != 0 && (hello.expected_region != self_.region ||
                                                     hello.expected_ordinal != self_.ordinal);
  if (hello.deployment != self_.deployment || self_again || not_expected || not_me) {
    std::string reason = "wrong peer: this is " + mine + ", the other side is " + theirs;
    if (not_expected) {
      reason += ", but region " + std::to_string(expected_->region) + " ('" +
                expected_->region_name + "') node " + std::to_string(expected_->ordinal) +
                " was expected at this address";
    }
    return Fail(ErrorCode::kRefused, std::move(reason));
  }
  if (hello.nonce == nonce_) return Fail(ErrorCode::kRefused, "a nonce was sent back");
  peer_ = hello;
  return Proof{.mac = Mac(secret_, hello.nonce, OwnHello())};
}

crdt::Status Handshake::OnProof(const Proof& proof) {
  if (!peer_ || proved_) return Fail(ErrorCode::kRefused, "a proof out of turn");
  const std::string expected = Mac(secret_, nonce_, *peer_);
  if (proof.mac.size() != expected.size() ||
      CRYPTO_memcmp(proof.mac.data(), expected.data(), expected.size()) != 0) {
    return Fail(ErrorCode::kRefused,
                "the other side does not know this deployment's shared secret");
  }
  proved_ = true;
  return {};
}

}  // namespace replication
