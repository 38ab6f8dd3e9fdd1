// model/edit.h — changes that depend on what is there, decided in one step: alternatives of Mutation::detail.
//
// Each is a composition of other mutations of the same commit and follows their rules. What was there is what the
// deciding site has at that moment: of two sites that do so at once the merge keeps what the merges of the types keep.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/int128.h"
#include "model/bit_field.h"
#include "model/join.h"
#include "model/list.h"
#include "model/scores.h"

namespace pando {

// Changes nothing: kNotFound unless the key is there, whatever its type.
struct RequireKey {};

// Plain values, and counters as their decimal text. What these write is a plain value, whose end stays as it is.

// Changes nothing. Gives back the text; nothing when the key is absent.
struct TellValue {};
// Result: the length after it.
struct AppendText {
  Bytes text;
};
// From `offset` on, behind as many zero bytes as it takes. An empty text changes nothing. Result: the length after it.
struct OverwriteText {
  std::uint64_t offset = 0;
  Bytes text;
};
// Bit 0 is the highest of the first byte. Result: what the bit was.
struct SetBit {
  std::uint64_t offset = 0;
  bool on = false;
};
// Works as the bits of the values of `keys`, absent ones and those too short being zero bytes, and puts what comes of
// it; the key is deleted when that is nothing. kNot takes one key. Result: the length.
enum class BitJoin : std::uint8_t { kAnd, kOr, kXor, kNot };
struct CombineBits {
  BitJoin join = BitJoin::kAnd;
  std::vector<Bytes> keys;
};
// Numbers within a value, one step after the other; the value grows to the end of the last one written. Gives back the
// text of one number a step: what was there (kGet, kSet) or what is there now (kAdd); "" for one that was refused.
struct EditBits {
  enum class Do : std::uint8_t { kGet, kSet, kAdd };
  enum class Overflow : std::uint8_t { kWrap, kSaturate, kRefuse };
  struct Step {
    Do what = Do::kGet;
    BitField field;
    std::int64_t number = 0;
    Overflow overflow = Overflow::kWrap;
  };
  std::vector<Step> steps;
};
// All of them, or none when one of the keys is there. Result: 1 or 0.
struct PutAllAbsent {
  std::vector<std::pair<Bytes, Bytes>> values;  // key, value; of the mutation's table
};

// Fields of a row.

// Result: 1, or 0 when the field is there already.
struct PutFieldAbsent {
  Bytes field;
  Bytes value;
};
// The field is the text of a whole number; absent counts as 0. kPreconditionFailed when it is none. Result: the sum.
struct AddToField {
  Bytes field;
  std::int64_t delta = 0;
};
// The same with decimal numbers, in billionths. Gives back the text of the sum.
struct AddDecimalToField {
  Bytes field;
  Int128 units = 0;
};

// Sets.

// Takes `count` members out, picked by chance among the first limits::kSetCountMax. Gives them back. Result: how many.
struct PopMembers {
  std::uint64_t count = 1;
};
// Result: 1, or 0 when it is not in.
struct MoveMember {
  Bytes to;
  Bytes member;
};
// The key becomes the set of what the sets of `keys` have in common; it is deleted when that is nothing.
// Result: how many members.
struct CombineSets {
  SetJoin join = SetJoin::kAny;
  std::vector<Bytes> keys;
};

// Sorted sets.

// The key becomes the sorted set of what the sorted sets of `keys` make together; a set counts as one whose scores are
// all 1. It is deleted when that is nothing. Result: how many members.
struct JoinScores {
  ScoreJoin how;
  std::vector<Bytes> keys;  // not empty
};
// The key becomes the sorted set of a range of `from`, without the first `offset` of it; it is deleted when that is
// nothing. Result: how many members.
struct StoreScoreRange {
  Bytes from;
  ScoreRange range;
  std::uint64_t offset = 0;
  std::uint64_t count_max = UINT64_MAX;
};

// Takes one item off the mutation's list and puts it on an end of another, or the same. Gives it back.
struct ListTransfer {
  Bytes to;
  ListEnd take = ListEnd::kFront;
  ListEnd put = ListEnd::kBack;
};

// Deletes all keys of the table that begin with `prefix`, as one who comes before anything else of its commit sees
// them. The mutation's own key is not looked at. kTooLarge when there are more than `count_max`. Result: how many.
struct DeleteKeys {
  Bytes prefix;
  std::uint64_t count_max = 0;
};

// All that the key holds, with its end, also under `to`, whatever that held before.
// Result: 1, or 0 when there is no such key, or `to` is there and `if_absent`.
struct CopyKey {
  Bytes to;
  bool if_absent = false;
  bool take_away = false;  // then the key itself is deleted; kNotFound without it
};

}  // namespace pando
