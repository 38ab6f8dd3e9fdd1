// sim/ask.h — asking a node and waiting for the answer while the world goes on: for scripts and final checks.
#pragma once

#include <string>
#include <vector>

#include "sim/world.h"

namespace pando::sim {

// Answers kTimeout when nothing came within `max` of simulated time.
Answer ask_and_wait(World& world, Machine& machine, const std::string& ns, Request request,
                    Duration max = Duration::seconds(60), Terms terms = {});

// A whole large object, checked against the size and CRC-32 it came with. kNotFound when there is none.
Result<Bytes> read_object(World& world, Machine& machine, const std::string& ns, const Bytes& key);
// CRC-32 (IEEE 802.3), bit by bit: a second opinion on zlib's.
std::uint32_t crc32_ieee(ByteSpan data);

// Every visible key of a namespace with its content, one line each, in order: what a client can see of it.
// A line beginning with "!" says that reading failed. Of the tables that random clients write, and one more.
std::vector<std::string> dump_state(World& world, Machine& machine, const std::string& ns,
                                    std::string_view another_table = {});

// Bytes for people: printable ASCII as it is, everything else as \xNN.
std::string printable(ByteSpan bytes);

}  // namespace pando::sim
