// model/sketch.h — sketches: how many different things there were, of any number of them, in 16 KiB at most.
//
// HyperLogLog with the hash and the estimate of redis-server, so both count alike: 16,384 registers, each the largest
// rank of the things that fell to it. One cell of kind kSketch holds 256 of them (element: u8 number of the part). A
// cell is a register: a writer replaces what it saw by the larger ranks of all of that and its own, and values that
// were written at once are read as one, rank by rank the larger. So nothing that any site has added is lost, whatever
// the order; only a removal takes away, and only what it has seen.
//
// Flajolet et al., HyperLogLog, 2007; Heule et al., HyperLogLog in Practice, 2013; the estimate: Ertl, New cardinality
// estimation algorithms for HyperLogLog sketches, 2017. Hash: MurmurHash64A (Appleby, public domain).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "model/path.h"

namespace pando {

inline constexpr std::size_t kSketchRegisters = 16'384;
inline constexpr std::size_t kSketchPartRegisters = 256;
inline constexpr std::size_t kSketchParts = kSketchRegisters / kSketchPartRegisters;
inline constexpr std::uint8_t kSketchRankMax = 51;

using SketchRanks = std::vector<std::uint8_t>;  // kSketchRegisters, or those of one part

struct SketchPlace {
  std::size_t index = 0;  // of the register
  std::uint8_t rank = 1;  // 1 to kSketchRankMax
};
SketchPlace sketch_place(ByteSpan thing);

// Few ranks: for each that is not 0, ascending, u8(register) u8(rank), 255 bytes at most; many: all 256, a byte each.
Bytes encode_sketch_part(const std::uint8_t* ranks);
// Raises `ranks`, those of one part, to what the bytes say. False when they are no part (a peer may write anything);
// then nothing is raised.
bool raise_to_sketch_part(ByteSpan bytes, std::uint8_t* ranks);
// How many different things made all the ranks of a sketch, about.
std::uint64_t estimate(const SketchRanks& ranks);

// Mutations. -----------------------------------------------------------------------------------------------

// With no things: an empty sketch, where there is none. Result: 1 when the sketch is new or a rank grew.
struct AddToSketch {
  std::vector<Bytes> things;
};
// The sketch is raised to those of `keys`; those absent are empty.
struct MergeSketches {
  std::vector<Bytes> keys;
};

// Answers. -------------------------------------------------------------------------------------------------

// About how many different things the sketches of all keys have seen together: MemberCountReply.
struct CountSketchRequest {
  std::string table{kTableKv};
  std::vector<Bytes> keys;
};

}  // namespace pando
