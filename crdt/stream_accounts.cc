#include "crdt/stream_accounts.h"

#include <algorithm>

namespace crdt {
namespace {

constexpr std::size_t kLeastAccountBytes = 8 + 1 + 2 + 2;

}  // namespace

StreamAccount StreamAccounts::Of(Writer writer) const {
  for (const StreamAccount& account : accounts_) {
    if (account.stamp.writer() == writer) return account;
  }
  return {};
}

std::uint64_t StreamAccounts::added() const {
  std::uint64_t sum = 0;
  for (const StreamAccount& account : accounts_) sum += account.added;
  return sum;
}

StreamId StreamAccounts::last() const {
  StreamId last;
  for (const StreamAccount& account : accounts_) last = std::max(last, account.last);
  return last;
}

StreamId StreamAccounts::deleted() const {
  StreamId deleted;
  for (const StreamAccount& account : accounts_) deleted = std::max(deleted, account.deleted);
  return deleted;
}

void StreamAccounts::Say(const StreamAccount& account) {
  const auto writer = [](const StreamAccount& other) { return other.stamp.writer(); };
  const auto at = std::ranges::lower_bound(accounts_, account.stamp.writer(), {}, writer);
  if (at == accounts_.end() || at->stamp.writer() != account.stamp.writer()) {
    accounts_.insert(at, account);
  } else if (at->stamp <= account.stamp) {
    *at = account;
  }
}

void StreamAccounts::Clear(const Context& context) {
  std::erase_if(accounts_, [&context](const StreamAccount& account) {
    return context.Covers(account.stamp) && account.stamp != context.stamp();
  });
}

void StreamAccounts::Join(const StreamAccounts& other, const VersionVector& mine,
                          const VersionVector& theirs) {
  const std::vector<StreamAccount> before = std::move(accounts_);
  accounts_.clear();
  for (const StreamAccount& account : before) {
    if (!theirs.Covers(account.stamp) ||
        std::ranges::find(other.accounts_, account) != other.accounts_.end()) {
      Say(account);
    }
  }
  for (const StreamAccount& account : other.accounts_) {
    if (!mine.Covers(account.stamp)) Say(account);
  }
}

void StreamAccounts::Encode(ByteWriter& out) const {
  out.Varint(accounts_.size());
  for (const StreamAccount& account : accounts_) {
    out.PutStamp(account.stamp);
    out.Varint(account.added);
    account.last.Encode(out);
    account.deleted.Encode(out);
  }
}

Result<StreamAccounts> StreamAccounts::Decode(ByteReader& in) {
  StreamAccounts accounts;
  const std::uint64_t count = in.Count(kLeastAccountBytes);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    StreamAccount account;
    account.stamp = in.GetStamp();
    account.added = in.Varint();
    account.last = StreamId::Decode(in);
    account.deleted = StreamId::Decode(in);
    if (!accounts.accounts_.empty() &&
        accounts.accounts_.back().stamp.writer() >= account.stamp.writer()) {
      return Fail(ErrorCode::kCorrupt,
                  "accounts of a stream are not in the order of their writers");
    }
    accounts.accounts_.push_back(account);
  }
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "the accounts of a stream end early");
  return accounts;
}

}  // namespace crdt
