#include "server/resp/reply_writer.h"

#include <charconv>

#include "crdt/score.h"

namespace server {
namespace {

// A type byte, a number and a line break.
void Line(std::string& out, char type, std::int64_t number) {
  char text[24];
  text[0] = type;
  char* end = std::to_chars(text + 1, text + sizeof text - 2, number).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append(text, static_cast<std::size_t>(end - text));
}

}  // namespace

void ReplyWriter::Simple(std::string_view text) {
  out_->push_back('+');
  out_->append(text);
  out_->append("\r\n");
}

void ReplyWriter::Error(std::string_view text) {
  out_->push_back('-');
  for (const char byte : text) out_->push_back(byte == '\r' || byte == '\n' ? ' ' : byte);
  out_->append("\r\n");
}

void ReplyWriter::Integer(std::int64_t value) {
  Line(*out_, ':', value);
}

void ReplyWriter::Bulk(std::string_view bytes) {
  Line(*out_, '$', static_cast<std::int64_t>(bytes.size()));
  out_->append(bytes);
  out_->append("\r\n");
}

void ReplyWriter::Null() {
  out_->append(protocol_ == Protocol::kResp3 ? "_\r\n" : "$-1\r\n");
}

void ReplyWriter::NullArray() {
  out_->append(protocol_ == Protocol::kResp3 ? "_\r\n" : "*-1\r\n");
}

void ReplyWriter::Double(double value) {
  crdt::ScoreBuffer buffer;
  DoubleAs(crdt::FormatScore(value, buffer));
}

void ReplyWriter::DoubleAs(std::string_view text) {
  if (protocol_ == Protocol::kResp2) return Bulk(text);
  out_->push_back(',');
  out_->append(text);
  out_->append("\r\n");
}

void ReplyWriter::Boolean(bool value) {
  if (protocol_ == Protocol::kResp2) return Integer(value ? 1 : 0);
  out_->append(value ? "#t\r\n" : "#f\r\n");
}

void ReplyWriter::Verbatim(std::string_view format, std::string_view text) {
  if (protocol_ == Protocol::kResp2) return Bulk(text);
  Line(*out_, '=', static_cast<std::int64_t>(text.size() + format.size() + 1));
  out_->append(format);
  out_->push_back(':');
  out_->append(text);
  out_->append("\r\n");
}

void ReplyWriter::Array(std::size_t size) {
  Line(*out_, '*', static_cast<std::int64_t>(size));
}

void ReplyWriter::Map(std::size_t pairs) {
  if (protocol_ == Protocol::kResp2) return Array(pairs * 2);
  Line(*out_, '%', static_cast<std::int64_t>(pairs));
}

void ReplyWriter::Set(std::size_t size) {
  if (protocol_ == Protocol::kResp2) return Array(size);
  Line(*out_, '~', static_cast<std::int64_t>(size));
}

void ReplyWriter::Push(std::size_t size) {
  if (protocol_ == Protocol::kResp2) return Array(size);
  Line(*out_, '>', static_cast<std::int64_t>(size));
}

}  // namespace server
