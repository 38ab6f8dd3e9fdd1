// fuzz/commit_fuzz.cc — decode_commit on anything: refused with a place, or one form only.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "model/commit.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const pando::ByteSpan bytes(reinterpret_cast<const char*>(data), size);
  const pando::Result<pando::Dot> dot = pando::peek_dot(bytes);
  const pando::Result<pando::Commit> commit = pando::decode_commit(bytes);
  if (!commit) {
    CHECK(commit.error().code() == pando::StatusCode::kDataLoss);
    CHECK(!commit.error().message().empty());
    return 0;
  }
  CHECK(dot && *dot == commit->dot);
  CHECK(pando::encode_commit(*commit) == bytes);
  for (const pando::Op& op : commit->ops) CHECK(!pando::key_of(op).empty());
  return 0;
}
