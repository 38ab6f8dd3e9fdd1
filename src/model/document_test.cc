#include "model/document.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/limits.h"

namespace pando::document_test {
namespace {

TEST(DocumentPath, GoldenBytes) {
  EXPECT_EQ(path_of_fields({}), "");
  EXPECT_EQ(path_of_fields({"a", "b"}), Bytes("a\0b\0", 4));
  EXPECT_EQ(path_of_fields({""}), Bytes("\0", 1));
  EXPECT_EQ(path_of_fields({Bytes("\0\1\2", 3)}), Bytes("\1\2\1\3\2\0", 6));
  EXPECT_EQ(field_text(path_of_fields({"a", "b"})), "a.b");
  EXPECT_EQ(parent_of(Bytes("a\0b\0", 4)), ByteSpan("a\0", 2));
  EXPECT_EQ(parent_of(Bytes("a\0", 2)), "");
  EXPECT_EQ(parent_of(Bytes("\0", 1)), "");
}

TEST(DocumentPath, MembersStandBehindAMark) {
  const Bytes path = path_of_fields({Bytes("\0\4", 2)});
  EXPECT_FALSE(split_member(path)) << "no mark, though the name looks like one";
  const Bytes member = path + Bytes(kMemberMark) + "\"x\"";
  const auto taken = split_member(member);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->first, path);
  EXPECT_EQ(taken->second, "\"x\"");
}

TEST(DocumentPath, OtherBytesAreNone) {
  for (const Bytes& bytes : {Bytes("a"), Bytes("\1\0", 2), Bytes("\1\4\0", 3), Bytes("a\0\1", 3)}) {
    EXPECT_FALSE(fields_of_path(bytes));
  }
}

using Names = std::vector<Bytes>;

RC_GTEST_PROP(DocumentPath, NamesComeBackAndKeepTheirOrder, (Names a, Names b)) {
  const Bytes path_a = path_of_fields(a);
  const Bytes path_b = path_of_fields(b);
  RC_ASSERT(fields_of_path(path_a) == std::optional(a));
  RC_ASSERT((path_a < path_b) == (a < b));
  const bool below = a.size() <= b.size() && std::equal(a.begin(), a.end(), b.begin());
  RC_ASSERT(path_b.starts_with(path_a) == below);
  RC_ASSERT(!split_member(path_a));
}

TEST(Document, LimitsAreNamed) {
  struct Row {
    Status status;
    const char* text;
  };
  const Bytes deep = path_of_fields(std::vector<Bytes>(limits::kDocumentDepthMax + 1, "x"));
  const Bytes huge = path_of_fields({Bytes(limits::kElementBytesMax, 'x')});
  const Bytes long_member(limits::kElementBytesMax - 2, '1');
  using What = DocumentEdit::What;
  const Row rows[] = {
      {validate(PutDocument{{{deep}}}), "is 33 levels deep, the limit is 32"},
      {validate(PutDocument{{{huge}}}), "its path has 8193 bytes, the limit is 8192"},
      {validate(PutDocument{Document(limits::kDocumentFieldsMax + 1)}),
       "50001 fields and members in one write of a document, the limit is 50000"},
      {validate(PatchDocument{{{What::kSet, path_of_fields({"a"}), Bytes(limits::kValueBytesMax + 1, '1'), {}}}}),
       "field \"a\" has 16777217 bytes, the limit is 16777216"},
      {validate(PatchDocument{{{What::kAddMembers, path_of_fields({"a"}), "", {long_member}}}}),
       "its path with a member of the set has 8194 bytes, the limit is 8192"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(row.status.code(), StatusCode::kTooLarge);
    EXPECT_NE(row.status.message().find(row.text), std::string::npos) << row.status.message();
  }
  EXPECT_TRUE(validate(PutDocument{{{""}, {path_of_fields({"a"})}}}).ok());
}

}  // namespace
}  // namespace pando::document_test
