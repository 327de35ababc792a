// Values of dumps, as RESTORE gets them behind the checksum: what is read is written back to the
// same value.
#include "crdt/result.h"
#include "server/rdb/packed_elements.h"
#include "server/rdb/payload.h"
#include "server/rdb/read_value.h"
#include "server/rdb/write_value.h"
#include "targets.h"

namespace fuzz {

void FuzzDumps(std::string_view bytes) {
  (void)server::OpenPayload(bytes);
  (void)server::ReadListpack(bytes);
  (void)server::ReadZiplist(bytes);
  (void)server::ReadIntegers(bytes);
  const auto value = server::ReadValue(bytes);
  if (!value) return;
  const auto again = server::ReadValue(server::WriteValue(*value));
  crdt::Require(again == value, "a dumped value is read as it was written");
}

}  // namespace fuzz
