// fuzz/notification_fuzz.cc — whatever a publisher sends, the client answers with text that a terminal can show, and
// the same message again changes nothing.
//
// The input is the second frame. With a first byte of 'P' or 'C' it is wrapped instead: the rest is the payload of an
// lww: or a counter: key.
#include <cstddef>
#include <cstdint>

#include "base/base64.h"
#include "base/check.h"
#include "cli/crdt_state.h"

namespace {

using namespace pando;

Bytes frame_of(ByteSpan input) {
  if (!input.starts_with('P') && !input.starts_with('C')) return Bytes(input);
  const std::string_view key = input.front() == 'P' ? "lww:k" : "counter:k";
  return "{\"key\":\"" + std::string(key) + "\",\"operation\":\"put\",\"value\":\"" + base64_encode(input.substr(1)) +
         "\"}";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes frame = frame_of({reinterpret_cast<const char*>(data), size});
  cli::CrdtState state;
  for (const char c : state.on_message({"ns.kv", frame}))
    CHECK(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
  const std::string after = state.text();
  state.on_message({"ns.kv", frame});
  CHECK(state.text() == after);
  return 0;
}
