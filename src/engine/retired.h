// engine/retired.h — the nodes that were declared gone for good, and what follows from it wherever it is known.
//
// Replicated data: a register of table `.nodes` per node name, whose value says up to which epoch of it; of several
// concurrent ones the highest counts, and it never falls. A node of that name that comes back goes on as a later epoch
// (node/peer_path.h) and is like any other from then on. Whoever knows that an origin is retired
//
//   waits for it no longer    it vouches for nothing (engine/vouches.h), counts as no peer of whom the log or `sites:n`
//                             waits, is given no rights and asked for none (engine/escrow.h)
//   takes what it still made  as it comes, but as news from somebody who could not know what has been freed since:
//                             node/expiry_path.h
//
// A vouch counts for freeing without the retired only if it has seen the same retirements: so nobody frees anything
// while some other site may still be taking commits from a retired node as though it were none.
// docs/design/020-retired-nodes.md. Stored form: docs/formats/cells.md.
#pragma once

#include <optional>
#include <string_view>

#include "engine/draft.h"
#include "engine/retired_nodes.h"

namespace pando::engine {

// u8(version = 1) varint(epoch): retired up to this epoch.
Bytes encode_retirement(std::uint64_t epoch);
// Nothing when the bytes are none (a newer version wrote them): then nobody is retired.
std::optional<std::uint64_t> decode_retirement(ByteSpan bytes);

// Declares all epochs of `node` up to `epoch` to be gone. Nothing when that is known already.
Status retire_node(Draft& draft, std::string_view node, std::uint64_t epoch);

// Cells of a node whose disks are lost with it: "disk" says so, and "disk 1" closes it up to epoch 1. Each closing
// stays, so that who knows an earlier one only is known by it. Older releases do not look at them.
struct LostDisk {
  std::uint64_t epoch = 0;                  // of all up to this one
  std::optional<VersionVector> whole = {};  // of a closing: Retirement::Closing
  friend bool operator==(const LostDisk&, const LostDisk&) = default;
};
// u8(version = 1) varint(epoch) u8(1 of a closing, else 0) and vector(whole) of a closing.
Bytes encode_lost_disk(const LostDisk& lost);
std::optional<LostDisk> decode_lost_disk(ByteSpan bytes);

// Declares that the disks of a retired node are lost with it, so that it will not bring what nobody else has.
Status lose_disk(Draft& draft, std::string_view node, std::uint64_t epoch);
// Says that all who hold all tables have of the lost node what is here: beyond that parts will do, from now on.
Status close_lost(Draft& draft, std::string_view node);

}  // namespace pando::engine
