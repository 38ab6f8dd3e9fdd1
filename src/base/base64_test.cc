#include "base/base64.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pando {
namespace {

TEST(Base64, VectorsOfRfc4648) {
  struct Row {
    ByteSpan bytes, text, url;
  };
  for (const Row& row : {Row{"", "", ""}, Row{"f", "Zg==", "Zg"}, Row{"fo", "Zm8=", "Zm8"}, Row{"foo", "Zm9v", "Zm9v"},
                         Row{"foob", "Zm9vYg==", "Zm9vYg"}, Row{"fooba", "Zm9vYmE=", "Zm9vYmE"},
                         Row{"foobar", "Zm9vYmFy", "Zm9vYmFy"}, Row{"\xFB\xFF\xFE", "+//+", "-__-"}}) {
    EXPECT_EQ(base64_encode(row.bytes), row.text);
    EXPECT_EQ(base64_decode(row.text).value(), row.bytes);
    EXPECT_EQ(base64url_encode(row.bytes), row.url);
    EXPECT_EQ(base64url_decode(row.url).value(), row.bytes);
  }
}

TEST(Base64, LineBreaksInsideAreSkipped) {
  // What GNU base64 makes of 60 bytes.
  const Bytes bytes(60, 'a');
  Bytes wrapped = base64_encode(bytes);
  wrapped.insert(76, "\n");
  EXPECT_EQ(base64_decode(wrapped + "\r\n").value(), bytes);
  EXPECT_EQ(base64_decode("Zg=\n=\n").value(), "f");
}

TEST(Base64, AnythingElseIsRefusedWithItsOffset) {
  struct Row {
    const char* why;
    ByteSpan text;
    int offset;
  };
  const Row rows[] = {
      {"no padding", "Zg", 2},
      {"too little padding", "Zg=", 3},
      {"too much padding", "Zg===", 4},
      {"padding alone", "====", 0},
      {"one digit", "Z", 1},
      {"padding in the middle", "Zg==Zg==", 4},
      {"a character that is no digit", "Zm9*", 3},
      {"a space", "Zm 9v", 2},
      {"the other alphabet", "-__-", 0},
      {"bits beyond the last byte", "Zh==", 4},
      {"the same in a group of three", "Zm9=", 4},
      {"a byte over 127", "Zm9\xFF", 3},
  };
  for (const Row& row : rows) {
    const Result<Bytes> bytes = base64_decode(row.text);
    ASSERT_FALSE(bytes) << row.why;
    EXPECT_EQ(bytes.error().code(), StatusCode::kInvalidArgument) << row.why;
    EXPECT_EQ(bytes.error().message(), "illegal base64 data at input byte " + std::to_string(row.offset)) << row.why;
  }
}

TEST(Base64Url, HasOneFormOnly) {
  for (const ByteSpan text : {"Zg==", "Zh", "Z", "Zm9v\n", "+//+"}) EXPECT_FALSE(base64url_decode(text)) << text;
}

RC_GTEST_PROP(Base64, BytesComeBack, (const std::string& bytes)) {
  RC_ASSERT(base64_decode(base64_encode(bytes)).value() == bytes);
  RC_ASSERT(base64url_decode(base64url_encode(bytes)).value() == bytes);
}

// Whatever is accepted is the one encoding of what it means.
RC_GTEST_PROP(Base64, NoTwoTextsMeanTheSame, (const std::string& text)) {
  const Result<Bytes> bytes = base64url_decode(text);
  if (bytes) RC_ASSERT(base64url_encode(*bytes) == text);
}

}  // namespace
}  // namespace pando
