// repl/frame.h — the bytes two nodes exchange on a link: what each frame says, and how it is encoded.
//
//   frame = u8(kind) u8(flags) u32(crc32c of kind, flags and body) body
//
// The carrier (gRPC today) keeps frame boundaries and order; everything else is decided here. Decoding never
// throws, never reads past its input and allocates at most about its size. What a node does not know:
//   kind < 128   mandatory: the link is refused, naming the kind
//   kind >= 128  optional: the frame is skipped and counted
//   flags        every unknown bit refuses the link: it changes how the body is read
//   options      fields at the end of Hello and Heartbeat, each with its length: unknown tags are skipped
// Format with golden bytes: docs/formats/replication.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "model/table_growth.h"
#include "model/version_vector.h"
#include "repl/frontier.h"
#include "repl/resync_frame.h"

namespace pando::repl {

// A link speaks the lower of both ends' versions, which must not be below either end's minimum.
inline constexpr std::uint64_t kProtocolVersion = 2;
inline constexpr std::uint64_t kProtocolVersionMin = 1;
// From which on a peer understands Have, Want and Route. Older ones are sent every commit whole.
inline constexpr std::uint64_t kVersionHave = 2;

// On the wire; never renumbered. 16 to 22 are those of ResyncFrame. 7, 9, 10 (skip, credit, subscribe) and 23 to 31
// are reserved.
enum class FrameKind : std::uint8_t {
  kHello = 1,
  kBody = 2,
  kAck = 3,
  kHeartbeat = 4,
  kRefuse = 5,
  kRoute = 6,
  kWant = 8,
  kBodyPart = 11,
  kQuarantine = 128,
};
inline constexpr std::uint8_t kOptionalKindMin = 128;
// kind, flags, checksum.
inline constexpr std::size_t kFrameHeaderBytes = 6;

// "hello", "body", … also for reserved kinds; "unknown" otherwise.
std::string_view frame_kind_name(std::uint8_t kind);

enum class Role : std::uint8_t { kReplicator = 1, kRelayer = 2 };
std::string_view role_name(Role role);

// Bits of Hello::features: what a node understands. Used when both ends say it.
inline constexpr std::uint64_t kFeaturePacked = 1;  // items packed with zstd
inline constexpr std::uint64_t kFeatureParts = 4;   // commits of sections, parts of them, skips (model/commit_parts.h)
inline constexpr std::uint64_t kFeatureGrowth = 8;  // Hello::patchy
inline constexpr std::uint64_t kFeatures = kFeaturePacked | kFeatureResync | kFeatureParts | kFeatureGrowth;

// The running hash of an origin's commits up to `dot` (model/commit.h).
struct ChainHead {
  Dot dot;
  std::uint64_t chain = 0;
  friend bool operator==(const ChainHead&, const ChainHead&) = default;
};

// Of a sender that has come to take more tables than before.
struct PatchyLog {
  TableSet holds;   // of what it takes, what is there: all else is arriving
  TableSet before;  // of others' commits up to `upto` it has only these
  VersionVector upto;
  friend bool operator==(const PatchyLog&, const PatchyLog&) = default;
};

// A node that has said Hello to the sender: its latest epoch, and the incarnation it was in when it first came under
// that.
struct Met {
  Origin origin;
  std::uint64_t incarnation = 0;
  friend bool operator==(const Met&, const Met&) = default;
};

// The first frame of both ends.
struct Hello {
  std::uint64_t version = kProtocolVersion;
  std::uint64_t version_min = kProtocolVersionMin;
  std::uint64_t features = 0;
  Origin origin;  // the sender's name and current epoch
  std::string ns;
  Role role = Role::kReplicator;
  bool publish = true;           // will send its log
  bool subscribe = true;         // wants the receiver's log
  VersionVector context;         // durable at the sender
  std::vector<ChainHead> heads;  // sorted by dot; for entries of `context`, all or some of them
  // What the sender of the Hello accepts; 0: no word about it.
  std::uint64_t unacked_bytes_max = 0;
  std::uint64_t bytes_per_s_max = 0;
  TableSet tables = {};      // that the sender takes from others: it has of others' commits only these
  std::string cluster = {};  // of the sender: empty but in one that began as a clone
  std::optional<PatchyLog> patchy = {};
  // Of a sender whose directory cannot tell whether its epoch was used before: a number made up for its process. 0: it
  // can.
  std::uint64_t incarnation = 0;
  // Whose epochs `context` does not tell, as they have no commits there. Sorted by origin.
  std::vector<Met> met = {};

  // Of others' tables what is there: its context is true of these.
  const TableSet& holds() const { return patchy ? patchy->holds : tables; }
  // Whether the sender has of others' commits all that is of `wanted`, for somebody who has so much already.
  bool has_whole(const TableSet& wanted, const VersionVector& seen) const {
    if (!tables.includes(wanted)) return false;
    return !patchy || patchy->before.includes(wanted) || seen.covers(patchy->upto);
  }
  friend bool operator==(const Hello&, const Hello&) = default;
};

// Stands in a run of the log for commits that the receiver gets from somebody nearer: the sender has all of them.
struct Have {
  VersionVector upto;  // not empty. Of one origin it stands in the log's order; of several the order among them is lost
  friend bool operator==(const Have&, const Have&) = default;
};
// A commit that was wanted: its place in the log is that of the Have that announced it, not this one.
struct Answer {
  ByteSpan commit;
  friend bool operator==(const Answer&, const Answer&) = default;
};
// One step of the sender's log: an encoded commit, the very bytes of the log, borrowed from the frame; or a Have. And
// among them, in the log's order for themselves, answers.
using BodyItem = std::variant<ByteSpan, Have, Answer>;
// The commit in it; empty for a Have.
ByteSpan commit_of(const BodyItem& item);

// A run of the sender's log.
struct Body {
  LogPos sender_pos;                                // of the last commit, in the sender's log; for people and metrics
  std::vector<BodyItem> items;                      // not empty
  std::uint64_t number = 1;                         // among the Body and BodyPart frames that were sent on this link
  std::shared_ptr<const Bytes> unpacked = nullptr;  // what the items borrow from instead, when they came packed
};

// A piece of a Body that is too large for one frame (repl/parts.h).
struct BodyPart {
  std::uint64_t number = 0;  // as of Body
  std::uint64_t size = 0;    // of the whole content, at most limits::kFrameBytesMax
  std::uint64_t offset = 0;  // of this piece in it
  ByteSpan bytes;            // borrowed from the frame. Not empty
};

// Everything in `context` is durable here.
struct Ack {
  VersionVector context;
};

struct Heartbeat {
  VersionVector context;            // durable at the sender, so that the receiver knows how far behind it is
  std::int64_t wall_ms = 0;         // the sender's clock
  std::uint64_t frames_before = 0;  // sent on this link before this one: fewer received means some were lost
  Hlc frontier;                     // Frontier::get() there; zero: not said
  std::vector<Claim> claims;        // what is new of the sender's claims, ascending by origin
};

// What the sender of this frame wants to be sent: of these origins it gets the commits by another link, a Have will do;
// of all others the commits. Each Route replaces the one before; nothing of a log is sent before the first.
struct Route {
  std::vector<Origin> have_only;  // ascending
};

// Send these commits, which you said you have, after all: of each origin those with after < seq <= upto.
struct Want {
  struct Range {
    Origin origin;
    Seq after;
    Seq upto;
    friend bool operator==(const Range&, const Range&) = default;
  };
  std::vector<Range> ranges;  // ascending by origin, not empty
};

// The sender of this frame could not take a commit that came by this link: it waits for it, and for what follows it,
// from elsewhere. For people, and so that nobody expects it to be acknowledged.
struct Quarantined {
  Dot dot;
  Status reason;
};

// The last frame: why the sender closes the link.
struct Refuse {
  Status reason;
};

// A frame of an optional kind that this node does not know.
struct Skipped {
  std::uint8_t kind = 0;
};

using Frame =
    std::variant<Hello, Body, BodyPart, Ack, Heartbeat, Route, Want, ResyncFrame, Quarantined, Refuse, Skipped>;

Bytes encode_frame(const Hello& hello);
Bytes encode_frame(const Body& body);
Bytes encode_frame(const BodyPart& part);
Bytes encode_frame(const Ack& ack);
Bytes encode_frame(const Heartbeat& heartbeat);
Bytes encode_frame(const Route& route);
Bytes encode_frame(const Want& want);
Bytes encode_frame(const ResyncFrame& frame);
// Messages are cut at limits::kRefuseMessageBytesMax.
Bytes encode_frame(const Quarantined& quarantined);
Bytes encode_frame(const Refuse& refuse);

// kDataLoss for damaged or malformed bytes, naming the offset and the field; kUnimplemented for a mandatory
// kind or a flag this node does not know.
Result<Frame> decode_frame(ByteSpan frame);

// One item as it stands in a Body.
void encode_item(const BodyItem& item, Writer& out);
// `packed` (encode_item(), `count` times) as one item, when that is smaller.
std::optional<Bytes> encode_packed(std::uint64_t count, ByteSpan packed);
// A Body without its number is its content: what parts are cut from. `packed` is encode_item(), `count` times.
Bytes encode_body_content(LogPos sender_pos, std::uint64_t count, ByteSpan packed);
// The Body frame around it.
Bytes encode_body(std::uint64_t number, ByteSpan content);
// The commits are borrowed from `content`; the number is not in it.
Result<Body> decode_body_content(ByteSpan content);

// The first frame of a link that a peer dialled: tells for which namespace the session is. An error also when
// it is some other frame.
Result<Hello> decode_hello(ByteSpan frame);

}  // namespace pando::repl
