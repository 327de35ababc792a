// IDs and entries of streams as replies.
#pragma once

#include "crdt/stream_entries.h"
#include "server/resp/reply_writer.h"

namespace server {

inline void WriteStreamId(ReplyWriter& reply, crdt::StreamId id) {
  crdt::StreamId::Text text;
  reply.Bulk(id.WriteTo(text));
}

// [ID, [field, value, …]]
inline void WriteEntry(ReplyWriter& reply, const crdt::EntryView& entry) {
  reply.Array(2);
  WriteStreamId(reply, entry.id);
  reply.Array(entry.field_count * 2);
  for (crdt::FieldReader field(entry); field.Next();) {
    reply.Bulk(field.name());
    reply.Bulk(field.value());
  }
}

}  // namespace server
