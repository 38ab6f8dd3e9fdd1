// api/reply_text.h — what the `reply` functions of routes write JSON with. Internal to api/.
//
// append_name() puts the comma: it is left out right after an opening brace or bracket.
#pragma once

#include <cstdint>

#include "api/json_text.h"
#include "api/route.h"

namespace pando::api {

void append_bool(Bytes& out, bool b);
// ,"name":
void append_name(Bytes& out, std::string_view name);
void append_field(Bytes& out, std::string_view name, std::uint64_t n);
void append_field(Bytes& out, std::string_view name, std::int64_t n);
void append_field(Bytes& out, std::string_view name, ByteSpan text);
void append_flag(Bytes& out, std::string_view name, bool b);
// "context":{"dc1":17,"dc2#2":4}
void append_context(Bytes& out, const VersionVector& context);
// "publish":["alerts"], ["*"] for all tables
void append_tables(Bytes& out, std::string_view name, const TableSet& tables);
// Between the elements of a list.
void append_comma(Bytes& out);

// Writers for reply_with<…>.
// {"success":true}
void append_done(Bytes& out, const Call& call, const DoneReply& done);
// {"success":true,"count":N,"processed":N}
void append_batch_done(Bytes& out, const Call& call, const DoneReply& done);
// {"keys":[…],"more":bool}, with keys_b64 when one is not UTF-8
void append_keys(Bytes& out, const Call& call, const ListReply& list);

}  // namespace pando::api
