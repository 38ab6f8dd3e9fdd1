#include "model/table_growth.h"

namespace pando {

void encode(const TableGrowth& growth, Writer& out) {
  encode(growth.holds, out);
  encode(growth.before, out);
  encode(growth.upto, out);
  out.varint(growth.at.value);
  out.u8(growth.discards ? 1 : 0);
  encode(growth.configured, out);
}

TableGrowth decode_table_growth(Reader& in) {
  TableGrowth growth;
  growth.holds = decode_table_set(in);
  growth.before = decode_table_set(in);
  growth.upto = decode_version_vector(in);
  growth.at = LogPos(in.varint("growth.at"));
  const std::uint8_t discards = in.u8("growth.discards");
  if (in.ok() && discards > 1) in.refuse("growth.discards", "is neither 0 nor 1");
  growth.discards = discards == 1;
  growth.configured = decode_table_scope(in);
  return growth;
}

Bytes encode_scope_record(const ScopeRecord& record) {
  Bytes body;
  Writer out(body);
  encode(record.scope, out);
  encode(record.growth, out);
  return body;
}

Result<ScopeRecord> decode_scope_record(ByteSpan body) {
  Reader in(body);
  ScopeRecord record;
  record.scope = decode_table_scope(in);
  record.growth = decode_table_growth(in);
  if (in.ok() && !record.scope.subscribe.includes(record.growth.holds)) {
    in.refuse("growth.holds", "names what is not taken");
  }
  if (Status status = in.finish(); !status.ok()) return fail(status.with_context("scope"));
  return record;
}

}  // namespace pando
