#include "tests/simulation/workload.h"

namespace simulation {

namespace {

// Multiples of a quarter: sums of them are exact.
std::string Quarters(Dice& dice) {
  static constexpr const char* kSteps[] = {"0.25", "1.5", "-2.75", "3", "0.5"};
  return kSteps[dice.Below(5)];
}

}  // namespace

std::vector<Words> Workload::Next() {
  if (options_.pauses && dice_.Chance(2)) {
    const std::string region =
        std::to_string(1 + dice_.Below(static_cast<std::uint64_t>(options_.regions)));
    return {{"REGION", dice_.Chance(40) ? "PAUSE" : "RESUME", region}};
  }
  if (dice_.Chance(options_.wait_percent)) return {Write(), Wait()};
  if (dice_.Chance(options_.transaction_percent)) {
    std::vector<Words> all{{"MULTI"}};
    for (std::uint64_t i = 2 + dice_.Below(3); i > 0; --i) all.push_back(Write());
    all.push_back({"EXEC"});
    return all;
  }
  if (dice_.Chance(options_.read_percent)) return {Read()};
  std::vector<Words> all{Write()};
  while (dice_.Chance(25)) all.push_back(Write());
  return all;
}

std::string Workload::Value() {
  if (dice_.Chance(40)) return std::to_string(dice_.Below(1000));
  std::string value = "v" + std::to_string(dice_.Below(1000));
  if (options_.value_bytes > 64 && dice_.Chance(50)) {
    value.resize(options_.value_bytes, 'x');
  }
  return value;
}

// How many types of keys there are. Key number n usually has type n modulo that.
constexpr int kTypes = 7;

Words Workload::Write() {
  const int number = static_cast<int>(dice_.Below(static_cast<std::uint64_t>(options_.keys)));
  if (dice_.Chance(12)) return KeyWrite(Key(number));
  const bool clash = dice_.Chance(options_.clash_percent);
  return WriteOf(clash ? static_cast<int>(dice_.Below(kTypes)) : number % kTypes, Key(number));
}

Words Workload::WriteOf(int type, const std::string& key) {
  if (type == 0) return StringWrite(key);
  if (type == 1) return HashWrite(key);
  if (type == 2) return SetWrite(key);
  if (type == 3) return SortedSetWrite(key);
  if (type == 4) return StreamWrite(key);
  return type == 5 ? ListWrite(key) : HyperLogLogWrite(key);
}

Words Workload::StringWrite(const std::string& key) {
  switch (dice_.Below(10)) {
    case 0:
    case 1:
      return {"SET", key, Value()};
    case 2:
      return {"SET", key, Value(), dice_.Chance(50) ? "KEEPTTL" : "NX"};
    case 3:
      return {"SET", key, Value(), "PX", std::to_string(dice_.Between(50, 4000))};
    case 4:
      return {"APPEND", key, "x"};
    case 5:
      return {"DECRBY", key, Step()};
    case 6:
      return {"INCRBYFLOAT", key, Quarters(dice_)};
    default:
      return {"INCR", key};
  }
}

Words Workload::HashWrite(const std::string& key) {
  switch (dice_.Below(7)) {
    case 0:
      return {"HSET", key, Element(), Value(), Element(), Value()};
    case 1:
    case 2:
      return {"HSET", key, Element(), std::to_string(dice_.Below(100))};
    case 3:
      return {"HDEL", key, Element(), Element()};
    case 4:
      return {"HINCRBYFLOAT", key, Element(), Quarters(dice_)};
    default:
      return {"HINCRBY", key, Element(), Step()};
  }
}

Words Workload::SetWrite(const std::string& key) {
  switch (dice_.Below(8)) {
    case 0:
    case 1:
      return {"SREM", key, Element(), Element()};
    case 2:
      return {"SPOP", key};
    case 3:
      return {"SMOVE", key, AnyKey(), Element()};
    case 4:
      return {"SUNIONSTORE", key, Key(2), Key(2 + kTypes)};
    default:
      return {"SADD", key, Element(), Element()};
  }
}

Words Workload::SortedSetWrite(const std::string& key) {
  switch (dice_.Below(12)) {
    case 0:
    case 1:
      return {"ZREM", key, Element(), Element()};
    case 2:
      return {"ZPOPMIN", key};
    case 3:
      return {"ZADD", key, dice_.Chance(50) ? "GT" : "NX", Step(), Element()};
    case 4:
      return {"ZREMRANGEBYSCORE", key, Step(), "+inf"};
    case 5:
      return {"ZUNIONSTORE", key, "2", Key(3), Key(3 + kTypes), "AGGREGATE", "MAX"};
    case 6:
    case 7:
      return {"ZINCRBY", key, Quarters(dice_), Element()};
    case 8:
      return {"ZINCRBY", key, Step(), Element()};
    default:
      return {"ZADD", key, Quarters(dice_), Element(), Step(), Element()};
  }
}

Words Workload::StreamWrite(const std::string& key) {
  // Few IDs that are given, so that regions choose the same ones.
  const std::string id = std::to_string(dice_.Below(6)) + "-" + std::to_string(dice_.Below(3));
  const std::string group = dice_.Chance(60) ? "g" : "h";
  switch (dice_.Below(16)) {
    case 0:
      return {"XADD", key, id, "f", Value()};
    case 1:
      return {"XADD", key, "MAXLEN", "3", "*", "f", Value(), "g", Value()};
    case 2:
      return {"XDEL", key, id, "5-0"};
    case 3:
      return {"XTRIM", key, "MAXLEN", std::to_string(dice_.Below(4))};
    case 4:
    case 5:
      return {"XGROUP", "CREATE", key, group, dice_.Chance(70) ? "0" : "$", "MKSTREAM"};
    case 6:
      return {"XGROUP", "DESTROY", key, group};
    case 7:
      return {"XGROUP", "SETID", key, group, "0"};
    case 8:
    case 9:
      return {"XREADGROUP", "GROUP", group, Element(), "COUNT", "2", "STREAMS", key, ">"};
    case 10:
      return {"XREADGROUP", "GROUP", group, Element(), "NOACK", "STREAMS", key, ">"};
    case 11:
      return {"XACK", key, group, id, "1-1", "2-2"};
    case 12:
      return {"XAUTOCLAIM", key, group, Element(), "0", "0", "COUNT", "3"};
    default:
      return {"XADD", key, "*", "f", Value()};
  }
}

Words Workload::ListWrite(const std::string& key) {
  const std::string index = std::to_string(dice_.Between(-3, 3));
  const std::string side = dice_.Chance(50) ? "LEFT" : "RIGHT";
  switch (dice_.Below(16)) {
    case 0:
    case 1:
      return {"LPUSH", key, Element(), Value()};
    case 2:
    case 3:
      return {"LINSERT", key, dice_.Chance(50) ? "BEFORE" : "AFTER", Element(), Element()};
    case 4:
      return {"LSET", key, index, Element()};
    case 5:
      return {"LPOP", key};
    case 6:
      return {"RPOP", key, "2"};
    case 7:
      return {"LREM", key, index, Element()};
    case 8:
      return {"LTRIM", key, index, std::to_string(dice_.Between(0, 6))};
    case 9:
      return {"LMOVE", key, AnyKey(), side, dice_.Chance(50) ? "LEFT" : "RIGHT"};
    case 10:
      return {"BLPOP", key, AnyKey(), dice_.Chance(50) ? "0.02" : "0.3"};
    case 11:
      return {"BLMOVE", key, AnyKey(), side, "RIGHT", "0.1"};
    case 12:
      return {"RPUSHX", key, Element()};
    default:
      return {"RPUSH", key, Element(), Element()};
  }
}

Words Workload::HyperLogLogWrite(const std::string& key) {
  switch (dice_.Below(6)) {
    case 0:
      return {"PFADD", key};
    case 1:
      return {"PFMERGE", key, Key(6), Key(6 + kTypes)};
    case 2:
      return {"APPEND", key, "x"};  // A string that is no HyperLogLog any more.
    default:
      return {"PFADD", key, Element(), std::to_string(dice_.Below(40))};
  }
}

Words Workload::KeyWrite(const std::string& key) {
  switch (dice_.Below(14)) {
    case 0:
    case 1:
    case 2:
      return {"DEL", key};
    case 3:
    case 4:
    case 5:
      return {"PEXPIRE", key, std::to_string(dice_.Between(20, 5000))};
    case 6:
      return {"PERSIST", key};
    case 7:
    case 8:
      return {"RENAME", key, AnyKey()};
    case 9:
    case 10:
      return {"COPY", key, AnyKey(), "REPLACE"};
    case 11:
      return {"DEL", key, AnyKey(), AnyKey()};
    case 12:
      return {"UNLINK", key};
    default:
      return options_.flushes && dice_.Chance(30) ? Words{"FLUSHALL"} : Words{"DEL", key};
  }
}

Words Workload::Read() {
  switch (dice_.Below(8)) {
    case 0:
      return {"GET", AnyKey()};
    case 5:
      return {"LRANGE", AnyKey(), "0", "-1"};
    case 6:
      return {"PFCOUNT", AnyKey()};
    case 4:
      return {"XRANGE", AnyKey(), "-", "+"};
    case 3:
      return {"ZRANGE", AnyKey(), "0", "-1", "WITHSCORES"};
    case 1:
      return {"HGETALL", AnyKey()};
    case 2:
      return {"SMEMBERS", AnyKey()};
    default:
      return {"TTL", AnyKey()};
  }
}

Words Workload::Wait() {
  const std::string timeout = std::to_string(dice_.Between(5, 400));
  switch (dice_.Below(3)) {
    case 0:
      return {"WAIT", std::to_string(dice_.Between(1, 2)), timeout};
    case 1:
      return {"WAITAOF", std::to_string(dice_.Below(2)), std::to_string(dice_.Below(3)), timeout};
    default:
      return {"REGION", "WAIT", std::to_string(dice_.Between(1, 2)), timeout};
  }
}

}  // namespace simulation
