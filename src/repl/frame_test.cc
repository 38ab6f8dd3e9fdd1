// Every frame's bytes, and every way bytes can be wrong.
#include "repl/frame.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "base/limits.h"

namespace pando::repl::frame_test {
namespace {

std::string hex(ByteSpan bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

Bytes from_hex(std::string_view text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

// A frame around any kind, flags and body, with a checksum that fits.
Bytes frame_of(std::uint8_t kind, std::uint8_t flags, ByteSpan body) {
  Bytes frame;
  Writer out(frame);
  out.u8(kind);
  out.u8(flags);
  out.u32(crc32c(body, crc32c(frame)));
  out.raw(body);
  return frame;
}

VersionVector vector_of(std::initializer_list<std::pair<Origin, std::uint64_t>> entries) {
  VersionVector vector;
  for (const auto& [origin, seq] : entries) vector.raise(origin, Seq(seq));
  return vector;
}

Hello sample_hello() {
  Hello hello;
  hello.origin = Origin{"dc1", 2};
  hello.ns = "ads";
  hello.role = Role::kRelayer;
  hello.publish = false;
  hello.context = vector_of({{Origin{"dc1", 1}, 7}, {Origin{"dc2", 1}, 300}});
  hello.heads = {ChainHead{Dot{Origin{"dc2", 1}, Seq(300)}, 0x1122334455667788u}};
  return hello;
}

const Bytes kCommit(20, 'c');

// docs/formats/replication.md shows the same bytes.
TEST(Frame, GoldenBytes) {
  struct Row {
    const char* what;
    Bytes frame;
    const char* bytes;
  };
  const Row rows[] = {
      {"hello", encode_frame(sample_hello()),
       "0100f28eb3c602010000000000000000036463310203616473020202036463310107"
       "0364633201ac02"
       "010110"
       "010364633201ac028877665544332211"},
      {"hello without heads or context", encode_frame(Hello{.origin = Origin{"a", 1}, .ns = "n"}),
       "0100366d00d802010000000000000000016101016e01030000"},
      {"body", encode_frame(Body{LogPos(300), {ByteSpan(kCommit)}, 5}),
       "0200dc52820205ac0201146363636363636363636363636363636363636363"},
      {"hello that accepts so much", encode_frame([] {
         Hello hello{.origin = Origin{"a", 1}, .ns = "n"};
         hello.features = kFeaturePacked;
         hello.unacked_bytes_max = 1000;
         hello.bytes_per_s_max = 50'000;
         return hello;
       }()),
       "0100a513fd6202010100000000000000016101016e010300010205e807d08603"},
      {"hello of a cluster that began as a clone", encode_frame([] {
         Hello hello{.origin = Origin{"a", 1}, .ns = "n"};
         hello.cluster = "staging";
         return hello;
       }()),
       "0100651ea65302010000000000000000016101016e0103000104080773746167696e67"},
      {"hello of one that has met others", encode_frame([] {
         Hello hello{.origin = Origin{"a", 1}, .ns = "n"};
         hello.incarnation = 0x0102;
         hello.met = {{Origin{"b", 2}, 0x0304}};
         return hello;
       }()),
       "010039ea30f302010000000000000000016101016e0103000106140201000000000000010162020403000000000000"},
      {"body that announces and answers",
       encode_frame(Body{LogPos(300), {Have{vector_of({{Origin{"dc1", 1}, 7}})}, Answer{kCommit}}, 5}),
       "0200d2aabcd105ac0202000103646331010701146363636363636363636363636363636363636363"},
      {"route", encode_frame(Route{{Origin{"dc1", 1}, Origin{"dc2", 3}}}), "0600933c05950203646331010364633203"},
      {"want", encode_frame(Want{{{Origin{"dc1", 1}, Seq(7), Seq(300)}}}), "08002efb16c701036463310107ac02"},
      {"body part", encode_frame(BodyPart{6, 300, 128, "piece"}), "0b00421cf3ed06ac0280017069656365"},
      {"ack", encode_frame(Ack{vector_of({{Origin{"dc1", 1}, 7}})}), "0300f8c827df01036463310107"},
      {"heartbeat", encode_frame(Heartbeat{vector_of({{Origin{"dc1", 1}, 7}}), 1698765432000, 300}),
       "04008761b27401036463310107c0644f868b010000ac0200"},
      {"heartbeat that vouches",
       encode_frame(Heartbeat{
           {}, 5, 3, Hlc{0x0102}, {{Origin{"a", 1}, Seq(0), Hlc{0x0102}}, {Origin{"b", 2}, Seq(300), Hlc{0x0304}}}}),
       "0400b40466d000050000000000000003010122020100000000000002016101000201000000000000016202ac020403000000000000"},
      {"quarantine", encode_frame(Quarantined{{Origin{"dc1", 1}, Seq(7)}, Status(StatusCode::kDataLoss, "no")}),
       "8000d261b7df03646331010709646174615f6c6f7373026e6f"},
      {"refuse", encode_frame(Refuse{Status(StatusCode::kGone, "no")}), "0500deceadba04676f6e65026e6f"},
  };
  for (const Row& row : rows) EXPECT_EQ(hex(row.frame), row.bytes) << row.what;
}

TEST(Frame, RoundTrip) {
  const Result<Frame> hello = decode_frame(encode_frame(sample_hello()));
  ASSERT_TRUE(hello) << hello.error().to_string();
  EXPECT_EQ(std::get<Hello>(*hello), sample_hello());

  Hello patchy = sample_hello();
  patchy.tables = TableSet::of({"kv", "limits"});
  patchy.patchy = PatchyLog{TableSet::of({"kv"}), TableSet::of({"kv"}), patchy.context};
  patchy.incarnation = 7;
  patchy.met = {{Origin{"dc3", 1}, 0}, {Origin{"dc3", 2}, 9}};
  const Result<Frame> grown = decode_frame(encode_frame(patchy));
  ASSERT_TRUE(grown) << grown.error().to_string();
  EXPECT_EQ(std::get<Hello>(*grown), patchy);
  EXPECT_EQ(std::get<Hello>(*grown).holds(), TableSet::of({"kv"}));
  EXPECT_TRUE(patchy.has_whole(TableSet::of({"kv"}), {})) << "what it took before";
  EXPECT_FALSE(patchy.has_whole(TableSet::of({"kv", "limits"}), {}));
  EXPECT_TRUE(patchy.has_whole(TableSet::of({"kv", "limits"}), patchy.context)) << "the rest came whole";
  EXPECT_FALSE(patchy.has_whole(TableSet{}, patchy.context));

  const Bytes other(40, 'd');
  const Bytes bytes = encode_frame(Body{LogPos(9), {kCommit, other}});
  const Result<Frame> body = decode_frame(bytes);
  ASSERT_TRUE(body);
  EXPECT_EQ(std::get<Body>(*body).sender_pos, LogPos(9));
  EXPECT_EQ(std::get<Body>(*body).items, (std::vector<BodyItem>{ByteSpan(kCommit), ByteSpan(other)}));

  Bytes packed;
  Writer(packed).bytes(kCommit);
  Writer(packed).bytes(other);
  const Bytes content = encode_body_content(LogPos(9), 2, packed);
  EXPECT_EQ(encode_body(1, content), bytes) << "both ways to write a body are one format";
  EXPECT_EQ(decode_body_content(content)->items, std::get<Body>(*body).items);
  EXPECT_FALSE(decode_body_content(content + "x"));

  const Bytes part_bytes = encode_frame(BodyPart{7, 1000, 400, "piece"});
  const Result<Frame> part = decode_frame(part_bytes);
  ASSERT_TRUE(part);
  EXPECT_EQ(std::get<BodyPart>(*part).number, 7u);
  EXPECT_EQ(std::get<BodyPart>(*part).size, 1000u);
  EXPECT_EQ(std::get<BodyPart>(*part).offset, 400u);
  EXPECT_EQ(std::get<BodyPart>(*part).bytes, "piece");

  const std::vector<BodyItem> items = {Have{vector_of({{Origin{"a", 1}, 3}})}, ByteSpan(kCommit), Answer{other}};
  Bytes many;
  Writer many_out(many);
  for (int i = 0; i < 100; ++i) encode_item(ByteSpan(kCommit), many_out);
  const std::optional<Bytes> small = encode_packed(100, many);
  ASSERT_TRUE(small.has_value());
  EXPECT_LT(small->size() * 8, many.size());
  const Result<Body> unpacked = decode_body_content(encode_body_content(LogPos(9), 1, *small));
  ASSERT_TRUE(unpacked) << unpacked.error().to_string();
  EXPECT_EQ(unpacked->items, std::vector<BodyItem>(100, ByteSpan(kCommit)));
  EXPECT_FALSE(encode_packed(1, Bytes(100, 'c'))) << "not worth it";
  EXPECT_FALSE(decode_body_content(encode_body_content(LogPos(9), 2, *small + *small))) << "only alone in its body";
  Bytes broken = *small;
  broken.back() = static_cast<char>(broken.back() ^ 1);
  broken[broken.size() / 2] = static_cast<char>(broken[broken.size() / 2] ^ 1);
  EXPECT_NE(decode_body_content(encode_body_content(LogPos(9), 1, broken)).map([](const Body& b) { return b.items; }),
            (Result<std::vector<BodyItem>>(unpacked->items)));

  const Bytes mixed = encode_frame(Body{LogPos(9), items});
  EXPECT_EQ(std::get<Body>(*decode_frame(mixed)).items, items);
  const std::vector<Origin> origins = {Origin{"a", 1}, Origin{"a", 2}};
  EXPECT_EQ(std::get<Route>(*decode_frame(encode_frame(Route{origins}))).have_only, origins);
  const std::vector<Want::Range> ranges = {{origins[0], Seq(0), Seq(4)}, {origins[1], Seq(8), Seq(9)}};
  EXPECT_EQ(std::get<Want>(*decode_frame(encode_frame(Want{ranges}))).ranges, ranges);

  const VersionVector context = vector_of({{Origin{"a", 1}, 1}, {Origin{"a", 2}, 5}});
  EXPECT_EQ(std::get<Ack>(*decode_frame(encode_frame(Ack{context}))).context, context);
  const Result<Frame> beat = decode_frame(encode_frame(Heartbeat{context, 42, 7}));
  EXPECT_EQ(std::get<Heartbeat>(*beat).context, context);
  EXPECT_EQ(std::get<Heartbeat>(*beat).wall_ms, 42);
  EXPECT_EQ(std::get<Heartbeat>(*beat).frames_before, 7u);
  const std::vector<Claim> claims = {{Origin{"a", 1}, Seq(0), Hlc{5}}, {Origin{"b", 2}, Seq(9), Hlc{7}}};
  const Result<Frame> vouching = decode_frame(encode_frame(Heartbeat{context, 42, 7, Hlc{5}, claims}));
  ASSERT_TRUE(vouching) << vouching.error().to_string();
  EXPECT_EQ(std::get<Heartbeat>(*vouching).frontier, Hlc{5});
  EXPECT_EQ(std::get<Heartbeat>(*vouching).claims, claims);
  EXPECT_FALSE(decode_frame(encode_frame(Heartbeat{context, 42, 7, Hlc{5}, {claims[1], claims[0]}})));
}

// What another version of zstd makes of the same items may differ; what these bytes mean may not.
TEST(Frame, GoldenPackedBody) {
  const Bytes frame = from_hex(
      "02007b51b13705ac020102a5034628b52ffd60a500e501009402141463146314631463146314631463146314631463146314631463146314"
      "63146314"
      "631463146314631414001018638c31c618638c31c618e321");
  const Result<Frame> decoded = decode_frame(frame);
  ASSERT_TRUE(decoded) << decoded.error().to_string();
  const auto& body = std::get<Body>(*decoded);
  EXPECT_EQ(body.number, 5u);
  EXPECT_EQ(body.sender_pos, LogPos(300));
  EXPECT_EQ(body.items, std::vector<BodyItem>(20, ByteSpan(kCommit)));
}

TEST(Frame, QuarantineNamesTheCommit) {
  const Quarantined said{{Origin{"dc1", 1}, Seq(7)}, Status(StatusCode::kOutOfRange, "tomorrow")};
  const Result<Frame> decoded = decode_frame(encode_frame(said));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<Quarantined>(*decoded).dot, said.dot);
  EXPECT_EQ(std::get<Quarantined>(*decoded).reason, said.reason);
  EXPECT_GE(static_cast<std::uint8_t>(FrameKind::kQuarantine), kOptionalKindMin) << "who does not know it skips it";
}

TEST(Frame, RefuseCarriesEveryCode) {
  for (int i = 1; i <= static_cast<int>(StatusCode::kInternal); ++i) {
    const Status reason(static_cast<StatusCode>(i), "because");
    EXPECT_EQ(std::get<Refuse>(*decode_frame(encode_frame(Refuse{reason}))).reason, reason);
  }
  const Status longer(StatusCode::kGone, std::string(limits::kRefuseMessageBytesMax + 500, 'x'));
  const Result<Frame> cut = decode_frame(encode_frame(Refuse{longer}));
  ASSERT_TRUE(cut) << "a long message is cut, not turned into a frame the peer cannot read";
  EXPECT_EQ(std::get<Refuse>(*cut).reason.message().size(), limits::kRefuseMessageBytesMax);
  const Result<Frame> later = decode_frame(frame_of(5, 0,
                                                    "\x07"
                                                    "moonish"
                                                    "\x02"
                                                    "no"));
  EXPECT_EQ(std::get<Refuse>(*later).reason, Status(StatusCode::kUnavailable, "no")) << "a code of a later version";
}

// What this node does not know, by the rule in frame.h.
TEST(Frame, Unknown) {
  struct Row {
    const char* why;
    Bytes frame;
    StatusCode code;
    const char* message;
  };
  const Row rows[] = {
      {"reserved kinds are refused by name", frame_of(7, 0, "x"), StatusCode::kUnimplemented,
       "frame kind 7 (skip) is not spoken by this node"},
      {"also in the resync range", frame_of(23, 0, "x"), StatusCode::kUnimplemented,
       "frame kind 23 (resync) is not spoken by this node"},
      {"mandatory and never heard of", frame_of(127, 0, ""), StatusCode::kUnimplemented,
       "frame kind 127 (unknown) is not spoken by this node"},
      {"kind 0 is nothing", frame_of(0, 0, ""), StatusCode::kUnimplemented, "frame kind 0 (unknown)"},
      {"a flag changes how the body reads", frame_of(2, 1, "zzz"), StatusCode::kUnimplemented,
       "frame flags 1 of body are not spoken by this node"},
  };
  for (const Row& row : rows) {
    const Result<Frame> decoded = decode_frame(row.frame);
    ASSERT_FALSE(decoded) << row.why;
    EXPECT_EQ(decoded.error().code(), row.code) << row.why;
    EXPECT_NE(decoded.error().message().find(row.message), std::string::npos) << decoded.error().message();
  }
  const Result<Frame> optional = decode_frame(frame_of(200, 7, "whatever"));
  ASSERT_TRUE(optional) << "optional kinds are skipped, flags and all";
  EXPECT_EQ(std::get<Skipped>(*optional).kind, 200);
}

TEST(Frame, UnknownOptionsAreSkipped) {
  Bytes body;
  Writer out(body);
  encode(VersionVector(), out);
  out.u64(5);
  out.varint(0);
  out.varint(2);
  for (const std::uint64_t tag : {7u, 9u}) {
    out.varint(tag);
    out.bytes("later");
  }
  const Result<Frame> decoded = decode_frame(frame_of(4, 0, body));
  ASSERT_TRUE(decoded) << decoded.error().to_string();
  EXPECT_EQ(std::get<Heartbeat>(*decoded).wall_ms, 5);
}

TEST(Frame, MalformedBodies) {
  const auto hello_with = [](auto write_tail) {
    Bytes body;
    Writer out(body);
    out.varint(1);
    out.varint(1);
    out.u64(0);
    encode(Origin{"a", 1}, out);
    out.bytes("n");
    write_tail(out);
    return frame_of(1, 0, body);
  };
  struct Row {
    const char* field;
    Bytes frame;
  };
  const Row rows[] = {
      {"frame.kind", ""},
      {"frame.crc", Bytes("\x03\x00\x01\x02", 4)},
      {"frame.crc: bad checksum", Bytes("\x03\x00\x01\x02\x03\x04\x00", 7)},
      {"body.number", frame_of(2, 0, "\x80")},
      {"body.count: is zero", frame_of(2, 0, Bytes("\x01\x05\x00", 3))},
      {"body.commit", frame_of(2, 0, Bytes("\x01\x05\x01\x30", 4))},
      {"too short to be a commit", frame_of(2, 0, Bytes("\x01\x05\x01\x03xxx", 7))},
      {"body.packed: packed bytes: 1 are said to hold 1000", frame_of(2, 0, Bytes("\x01\x05\x01\x02\xe8\x07\x01x", 8))},
      {"body.packed: packed bytes", frame_of(2, 0, Bytes("\x01\x05\x01\x02\x05\x01x", 7))},
      {"hello.options: offset 0: hello.unacked_bytes_max", hello_with([](Writer& out) {
         out.u8(1);
         out.u8(3);
         out.varint(0);
         out.varint(1);
         out.varint(2);
         out.bytes("");
       })},
      {"body.count", frame_of(2, 0, "\x01\x05\xff\xff\xff\xff\x0f")},
      {"body_part.bytes: is empty", frame_of(11, 0, Bytes("\x01\x05\x00", 3))},
      {"body_part.bytes: reaches beyond the body", frame_of(11, 0, "\x01\x05\x03xyz")},
      {"body_part.offset", frame_of(11, 0, "\x01\x05\x06x")},
      // One byte more than limits::kFrameBytesMax, which is 80 MiB.
      {"body_part.size", frame_of(11, 0, Bytes("\x01\x81\x80\x80\x28\x00x", 7))},
      {"left over", frame_of(3, 0, Bytes("\x00\x00", 2))},
      {"vector.count", frame_of(3, 0, "\xff\xff\xff\x0f")},
      {"origin.node", frame_of(3, 0, "\x01\x02/x\x01\x01")},
      {"heartbeat.wall_ms", frame_of(4, 0, Bytes("\x00", 1) + Bytes(8, '\xff') + Bytes("\x00", 1))},
      {"hello.role: 3 is not known", hello_with([](Writer& out) { out.u8(3); })},
      {"hello.flags: 4 is not known", hello_with([](Writer& out) {
         out.u8(1);
         out.u8(4);
       })},
      {"hello.options: tags are not in ascending order", hello_with([](Writer& out) {
         out.u8(1);
         out.u8(3);
         out.varint(0);
         out.varint(2);
         out.varint(9);
         out.bytes("");
         out.varint(9);
         out.bytes("");
       })},
      {"hello.options: offset 0: hello.heads", hello_with([](Writer& out) {
         out.u8(1);
         out.u8(3);
         out.varint(0);
         out.varint(1);
         out.varint(1);
         out.bytes("");
       })},
      {"body.have", frame_of(2, 0, Bytes("\x01\x01\x01\x00\x00", 5))},
      {"route: is not in ascending order", frame_of(6, 0,
                                                    "\x02\x01"
                                                    "b\x01\x01"
                                                    "a\x01")},
      {"want.count", frame_of(8, 0, Bytes("\x00", 1))},
      {"want: asks for nothing", frame_of(8, 0,
                                          "\x01\x01"
                                          "a\x01\x05\x05")},
      {"refuse.message", frame_of(5, 0, "\x02no\x7f")},
  };
  for (const Row& row : rows) {
    const Result<Frame> decoded = decode_frame(row.frame);
    ASSERT_FALSE(decoded) << row.field;
    EXPECT_EQ(decoded.error().code(), StatusCode::kDataLoss);
    EXPECT_NE(decoded.error().message().find(row.field), std::string::npos)
        << row.field << " in: " << decoded.error().message();
  }
}

// Any cut and any flipped bit is found: the checksum covers everything.
TEST(Frame, EveryCutAndEveryFlippedBit) {
  const Bytes frame = encode_frame(sample_hello());
  for (std::size_t size = 0; size < frame.size(); ++size) EXPECT_FALSE(decode_frame(frame.substr(0, size))) << size;
  for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
    Bytes damaged = frame;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(decode_frame(damaged)) << "bit " << bit;
  }
}

TEST(Frame, FirstFrame) {
  EXPECT_EQ(decode_hello(encode_frame(sample_hello()))->ns, "ads");
  EXPECT_EQ(decode_hello(encode_frame(Ack{})).error(),
            Status(StatusCode::kInvalidArgument, "a link begins with hello, not with ack"));
  EXPECT_FALSE(decode_hello("garbage"));
}

}  // namespace
}  // namespace pando::repl::frame_test
