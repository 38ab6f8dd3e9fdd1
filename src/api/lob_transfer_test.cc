#include "api/lob_transfer.h"

#include <gtest/gtest.h>

#include "api/sse.h"

namespace pando::api::lob_transfer_test {
namespace {

constexpr std::size_t kChunk = 4;

Reply ok(ReplyBody body) { return Reply{{}, std::move(body), {}}; }
Reply refused() { return Reply::failure(Status(StatusCode::kReadOnly, "read only")); }

// What a request is, in one word, with what matters of it.
std::string word(const Request& request) {
  if (std::holds_alternative<TxBeginRequest>(request)) return "begin";
  if (const auto* append = std::get_if<TxAppendLobRequest>(&request)) return "append " + append->chunk;
  if (const auto* erase = std::get_if<TxDeleteLobRequest>(&request)) return "delete " + erase->key;
  if (const auto* commit = std::get_if<TxCommitRequest>(&request)) return "commit " + commit->id;
  if (const auto* abort = std::get_if<TxAbortRequest>(&request)) return "abort " + abort->id;
  if (std::holds_alternative<LobStatRequest>(request)) return "stat";
  if (const auto* chunk = std::get_if<LobChunkRequest>(&request))
    return "chunk " + chunk->upload + std::to_string(chunk->index);
  return "?";
}

// Answers until nothing more is wanted; the request that starts with `fail_at` is refused.
template <typename Machine>
std::string run(Machine& machine, std::string_view fail_at = "none") {
  std::string trace;
  while (auto request = machine.next()) {
    const std::string what = word(*request);
    trace += trace.empty() ? what : ", " + what;
    EXPECT_FALSE(machine.next().has_value()) << "two outstanding";
    if (what.substr(0, fail_at.size()) == fail_at)
      machine.on_reply(refused());
    else if (what == "begin")
      machine.on_reply(ok(TxBegunReply{"t"}));
    else if (what.substr(0, 6) == "commit")
      machine.on_reply(ok(TxCommittedReply{1, 99}));
    else
      machine.on_reply(ok(DoneReply{}));
  }
  return trace;
}

TEST(LobUpload, CutsTheBodyIntoChunks) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"", "begin, append , commit t"},  // an empty object has one empty chunk
      {"abc", "begin, append abc, commit t"},
      {"abcd", "begin, append abcd, commit t"},
      {"abcdefghij", "begin, append abcd, append efgh, append ij, commit t"},
  };
  for (const auto& row : table) {
    LobUpload upload("k", kChunk);
    upload.take(row.first);
    upload.end_of_body();
    EXPECT_EQ(run(upload), row.second);
    ASSERT_TRUE(upload.done());
    EXPECT_TRUE(upload.result().status.ok());
  }
}

TEST(LobUpload, StopsReadingWhileAChunkWaits) {
  LobUpload upload("k", kChunk);
  EXPECT_EQ(run(upload), "begin");  // nothing to send yet
  EXPECT_TRUE(upload.wants_body());
  upload.take("abcdef");
  EXPECT_FALSE(upload.wants_body());
  EXPECT_EQ(run(upload), "append abcd");
  EXPECT_TRUE(upload.wants_body());
  upload.take("g");
  upload.end_of_body();
  EXPECT_EQ(run(upload), "append efg, commit t");
}

TEST(LobUpload, AFailureAbortsAndIsWhatIsAnswered) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"begin", "begin"},  // nothing to abort
      {"append", "begin, append abcd, abort t"},
      {"commit", "begin, append abcd, append e, commit t, abort t"},
  };
  for (const auto& row : table) {
    LobUpload upload("k", kChunk);
    upload.take("abcde");
    upload.end_of_body();
    EXPECT_EQ(run(upload, row.first), row.second);
    ASSERT_TRUE(upload.done()) << row.first;
    EXPECT_EQ(upload.result().status.code(), StatusCode::kReadOnly) << row.first;
    EXPECT_FALSE(upload.wants_body()) << row.first;
  }
}

TEST(LobUpload, ALeavingClientLeavesNothingBehind) {
  LobUpload fresh("k", kChunk);
  fresh.cancel(Status(StatusCode::kUnavailable, "gone"));
  EXPECT_TRUE(fresh.done());
  EXPECT_EQ(run(fresh), "");

  LobUpload begun("k", kChunk);
  run(begun);
  begun.take("abc");
  begun.cancel(Status(StatusCode::kUnavailable, "gone"));
  EXPECT_EQ(run(begun), "abort t");
  EXPECT_EQ(begun.result().status.message(), "gone");

  LobUpload outstanding("k", kChunk);
  ASSERT_TRUE(outstanding.next().has_value());
  outstanding.cancel(Status(StatusCode::kUnavailable, "gone"));
  outstanding.on_reply(ok(TxBegunReply{"t"}));
  EXPECT_EQ(run(outstanding), "abort t");
}

TEST(LobErase, IsATransactionOfOne) {
  LobErase erase("k");
  EXPECT_EQ(run(erase), "begin, delete k, commit t");
  EXPECT_TRUE(erase.result().status.ok());
  LobErase failed("k");
  EXPECT_EQ(run(failed, "delete"), "begin, delete k, abort t");
  EXPECT_EQ(failed.result().status.code(), StatusCode::kReadOnly);
  LobErase read_only("k");
  EXPECT_EQ(run(read_only, "begin"), "begin");
  EXPECT_TRUE(read_only.done());
}

LobStatReply stat(std::uint64_t size, std::uint64_t chunks) {
  LobStatReply reply;
  reply.found = true;
  reply.size_bytes = size;
  reply.chunk_count = chunks;
  reply.upload = "u";
  return reply;
}

TEST(LobDownload, ChunkByChunkOfOneUpload) {
  LobDownload download("k", /*head=*/false);
  EXPECT_EQ(word(*download.next()), "stat");
  EXPECT_EQ(download.on_reply(ok(stat(6, 2))), LobDownload::Got::kSize);
  EXPECT_EQ(download.size_bytes(), 6u);
  EXPECT_EQ(word(*download.next()), "chunk u0");
  EXPECT_EQ(download.on_reply(ok(LobChunkReply{"abcd"})), LobDownload::Got::kChunk);
  EXPECT_EQ(download.chunk(), "abcd");
  EXPECT_FALSE(download.done());
  EXPECT_EQ(word(*download.next()), "chunk u1");
  EXPECT_EQ(download.on_reply(ok(LobChunkReply{"ef"})), LobDownload::Got::kChunk);
  EXPECT_TRUE(download.done());
}

TEST(LobDownload, NeverPassesOffPartAsAll) {
  LobDownload missing("k", false);
  missing.next();
  EXPECT_EQ(missing.on_reply(ok(LobStatReply{})), LobDownload::Got::kFailed);
  EXPECT_EQ(missing.failure().message(), "key not found");

  LobDownload empty("k", false);
  empty.next();
  EXPECT_EQ(empty.on_reply(ok(stat(0, 1))), LobDownload::Got::kSize);
  EXPECT_TRUE(empty.done());

  for (const std::string_view last : {"e", "efg"}) {  // shorter and longer than announced
    LobDownload wrong("k", false);
    wrong.next();
    wrong.on_reply(ok(stat(6, 2)));
    wrong.next();
    wrong.on_reply(ok(LobChunkReply{"abcd"}));
    wrong.next();
    EXPECT_EQ(wrong.on_reply(ok(LobChunkReply{Bytes(last)})), LobDownload::Got::kFailed) << last;
    EXPECT_EQ(wrong.failure().code(), StatusCode::kDataLoss) << last;
  }
  LobDownload head("k", true);
  head.next();
  EXPECT_EQ(head.on_reply(ok(stat(6, 2))), LobDownload::Got::kSize);
  EXPECT_TRUE(head.done());
}

TEST(Sse, Blocks) {
  Bytes out;
  append_sse_opening(out, "c0");
  EXPECT_EQ(out, "retry: 1000\nid: c0\n\n");
  out.clear();
  Change change;
  change.number = 7;
  change.dot = Dot{Origin{"dc1", 1}, Seq(3)};
  change.table = "kv";
  change.key = "k";
  change.value = "v";
  append_sse_event(out, "ns", change, "c1");
  EXPECT_EQ(out.find("id: c1\nevent: put\ndata: {\"key\":\"k\",\"namespace\":\"ns\",\"operation\":\"put\","), 0u)
      << out;
  EXPECT_EQ(out.find('\n', out.find("data: ")), out.size() - 2) << "data must stay on one line: " << out;
  out.clear();
  append_sse_end(out, Status(StatusCode::kUnavailable, "stopping"));
  EXPECT_EQ(out, "event: end\ndata: {\"error\":\"stopping\"}\n\n");
}

}  // namespace
}  // namespace pando::api::lob_transfer_test
