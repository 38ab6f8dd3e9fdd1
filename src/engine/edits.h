// engine/edits.h — deciding changes that depend on what is there (model/edit.h).
#pragma once

#include "engine/draft.h"
#include "model/edit.h"

namespace pando::engine {

Status decide(Draft& draft, const Mutation& mutation, const RequireKey& require);
Status decide(Draft& draft, const Mutation& mutation, const TellValue& tell);
Status decide(Draft& draft, const Mutation& mutation, const AppendText& append);
Status decide(Draft& draft, const Mutation& mutation, const OverwriteText& overwrite);
Status decide(Draft& draft, const Mutation& mutation, const SetBit& set);
Status decide(Draft& draft, const Mutation& mutation, const CombineBits& combine);
Status decide(Draft& draft, const Mutation& mutation, const EditBits& edit);
Status decide(Draft& draft, const Mutation& mutation, const PutAllAbsent& put);
Status decide(Draft& draft, const Mutation& mutation, const PutFieldAbsent& put);
Status decide(Draft& draft, const Mutation& mutation, const AddToField& add);
Status decide(Draft& draft, const Mutation& mutation, const AddDecimalToField& add);
Status decide(Draft& draft, const Mutation& mutation, const PopMembers& pop);
Status decide(Draft& draft, const Mutation& mutation, const MoveMember& move);
Status decide(Draft& draft, const Mutation& mutation, const CombineSets& combine);
Status decide(Draft& draft, const Mutation& mutation, const JoinScores& join);
Status decide(Draft& draft, const Mutation& mutation, const StoreScoreRange& store);
Status decide(Draft& draft, const Mutation& mutation, const ListTransfer& transfer);
Status decide(Draft& draft, const Mutation& mutation, const DeleteKeys& all);
Status decide(Draft& draft, const Mutation& mutation, const CopyKey& copy);

// The type of a key that the mutation at hand is not about: one whose time has run out is absent.
Result<std::optional<ValueType>> type_after(Draft& draft, std::string_view table, ByteSpan key);
// A mutation of another key of the same table.
Mutation of_key(const Mutation& mutation, Mutation::Kind kind, ByteSpan key);
// Draft::also(), where only its failure matters.
Status do_also(Draft& draft, const Mutation& mutation);
// As Redis reads a number: no sign but '-', no leading zero, nothing around it.
std::optional<std::int64_t> whole_number(ByteSpan text);
// What a plain value or a counter reads as after the draft; nothing when the key is absent, else kWrongType.
Result<std::optional<Bytes>> text_after(Draft& draft, std::string_view table, ByteSpan key);
// kTooLarge unless `bytes` from `offset` on fit into a value.
Status check_text_length(std::uint64_t offset, std::uint64_t bytes);
// The key becomes that value, and ends when it did.
Status put_text(Draft& draft, const Mutation& mutation, Bytes text);
// The members of a set after the draft, in byte order, up to `count_max`. kWrongType.
Result<std::vector<Bytes>> members_after(Draft& draft, std::string_view table, ByteSpan key, std::size_t count_max);

}  // namespace pando::engine
