// fuzz/resp_fuzz.cc — any stream of bytes as a Redis client's: it is understood alike in one piece and in many, and
// every command that comes of it is answered or becomes requests within their limits.
//
// Input: a byte that says into how large pieces the stream falls, then the stream.
#include <cstdint>
#include <vector>

#include "api/resp_parser.h"
#include "api/resp_session.h"
#include "base/check.h"
#include "base/limits.h"

namespace {

using namespace pando;
using Got = api::RespParser::Got;

class Host final : public api::RespHost {
 public:
  Facts facts() const override { return {"1.0", "dc1", true, 6379, 1, 1, 1, 1}; }
  api::RespCursors& cursors() override { return cursors_; }
  api::RespChannels& channels() override { return channels_; }
  void listens() override {}
  Bytes unique_name() override { return "dc1.1.1"; }
  void list_clients(Bytes& out) const override { out += "id=1\n"; }

 private:
  api::RespCursors cursors_;
  api::RespChannels channels_;
};

class Subscriber final : public api::RespSubscriber {
 public:
  void on_message(const Bytes*, ByteSpan, ByteSpan) override {}
  std::uint64_t subscriber_id() const override { return 1; }
};

struct Heard {
  std::vector<std::vector<Bytes>> commands;
  std::string error;
  friend bool operator==(const Heard&, const Heard&) = default;
};

Heard hear(ByteSpan stream, std::size_t piece) {
  Heard heard;
  api::RespParser parser;
  std::size_t begin = 0;
  std::size_t end = std::min(piece, stream.size());
  while (true) {
    const Got got = parser.parse(stream.substr(begin, end - begin));
    if (got == Got::kError) {
      CHECK(!parser.error().empty());
      heard.error = parser.error();
      return heard;
    }
    if (got == Got::kMore) {
      if (end == stream.size()) return heard;
      end = std::min(end + piece, stream.size());
      continue;
    }
    CHECK(parser.consumed() > 0 && parser.consumed() <= end - begin);
    if (!parser.args().empty()) heard.commands.emplace_back(parser.args().begin(), parser.args().end());
    begin += parser.consumed();
  }
}

void check_write(const WriteRequest& write) {
  CHECK(!write.mutations.empty());
  for (const Mutation& mutation : write.mutations) CHECK(mutation.value.size() <= limits::kValueBytesMax);
}

void run(const Heard& heard) {
  Host host;
  Subscriber subscriber;
  api::RespSession session(host, subscriber, 1, "127.0.0.1:5000", "127.0.0.1:6379");
  api::RespPlan plan;
  for (const std::vector<Bytes>& command : heard.commands) {
    session.on_command({command.begin(), command.end()}, plan);
    CHECK(plan.requests.empty() != plan.text.empty());
    for (const Request& request : plan.requests) {
      if (const auto* write = std::get_if<WriteRequest>(&request)) check_write(*write);
    }
    if (plan.close) break;
  }
  session.leave();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteSpan stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Heard whole = hear(stream, stream.size());
  CHECK(hear(stream, 1 + data[0] % 64) == whole);
  run(whole);
  return 0;
}
