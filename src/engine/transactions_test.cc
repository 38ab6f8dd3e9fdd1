#include "engine/transactions.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace pando::engine::transactions_test {
namespace {

const Transactions::Options kOptions{Duration::seconds(120), Duration::seconds(900), 7};

Instant at(std::int64_t seconds) { return {seconds * 1'000'000}; }

Mutation put(Bytes value) {
  Mutation m;
  m.key = "k";
  m.value = std::move(value);
  return m;
}

TEST(Transactions, WhatBecameOfOneIsRemembered) {
  Transactions transactions(kOptions);
  EXPECT_EQ(transactions.find("nope", at(0)).error(), Status(StatusCode::kNotFound, "transaction not found: nope"));
  const Bytes committed = *transactions.begin({}, at(0));
  transactions.take_committed(committed);
  EXPECT_EQ(transactions.find(committed, at(1)).error().code(), StatusCode::kConflict);
  const Bytes aborted = *transactions.begin({}, at(0));
  transactions.take_aborted(aborted);
  EXPECT_EQ(transactions.find(aborted, at(1)).error().code(), StatusCode::kGone);
}

TEST(Transactions, TimeOut) {
  Transactions transactions(kOptions);
  const Bytes id = *transactions.begin({}, at(0));
  for (int t = 100; t < 900; t += 100) ASSERT_TRUE(transactions.find(id, at(t)).has_value()) << "in use: not idle";
  EXPECT_LE(*transactions.next_deadline(), at(120)) << "when it was begun, this was the earliest";
  EXPECT_TRUE(transactions.expire(at(120)).empty());
  EXPECT_EQ(transactions.next_deadline(), at(900)) << "in use, but not older than 15 minutes";
  EXPECT_EQ(transactions.find(id, at(900)).error().code(), StatusCode::kGone);
  EXPECT_EQ(transactions.expire(at(900)).size(), 1u);
  EXPECT_EQ(transactions.find(id, at(901)).error().message(), "transaction timed out: " + id);
  const Bytes idle = *transactions.begin({}, at(0));
  EXPECT_EQ(transactions.find(idle, at(120)).error().code(), StatusCode::kGone);
}

TEST(Transactions, OnlyWhatItWasBegunFor) {
  Transactions transactions(kOptions);
  const Bytes id = *transactions.begin({TxOperation::kDelete, TxEntryType::kRow}, at(0));
  Transaction& tx = **transactions.find(id, at(0));
  EXPECT_EQ(transactions.append(tx, put("v")).message(), "transaction was begun for row, not kv");
  Mutation row;
  row.kind = Mutation::Kind::kPutColumns;
  row.table = kTableRow;
  row.key = "r";
  EXPECT_EQ(transactions.append(tx, row).message(), "transaction was begun for delete, not put");
  Transactions::adapt(tx, row);
  EXPECT_EQ(row.kind, Mutation::Kind::kDeleteColumns) << "begun for delete: it names what to delete";
  row.kind = Mutation::Kind::kAdd;
  EXPECT_EQ(transactions.append(tx, row).message(), "transaction was begun for delete, not put");
  row.kind = Mutation::Kind::kDeleteRow;
  EXPECT_TRUE(transactions.append(tx, row).ok());
  EXPECT_EQ(transactions.upload(tx, "obj").error().code(), StatusCode::kInvalidArgument);
}

TEST(Transactions, AreBounded) {
  Transactions transactions(kOptions);
  const Bytes id = *transactions.begin({}, at(0));
  Transaction& tx = **transactions.find(id, at(0));
  Status status;
  std::size_t taken = 0;
  while ((status = transactions.append(tx, put(Bytes(8 << 20, 'v')))).ok()) ++taken;
  EXPECT_EQ(status.code(), StatusCode::kTooLarge);
  EXPECT_LE(taken * (8 << 20), limits::kTransactionBytesMax);
  for (std::size_t i = 1; i < limits::kOpenTransactionsMax; ++i) ASSERT_TRUE(transactions.begin({}, at(0)).has_value());
  EXPECT_EQ(transactions.begin({}, at(0)).error().code(), StatusCode::kOverloaded);
}

// Value from `printf 'ab' | gzip -c | tail -c8`, the CRC-32 everybody else computes.
TEST(Transactions, TheChecksumIsTheCommonCrc32) {
  Transactions transactions(kOptions);
  const Bytes id = *transactions.begin({}, at(0));
  Transaction& tx = **transactions.find(id, at(0));
  ASSERT_TRUE(transactions.append(tx, put("a")).ok());
  ASSERT_TRUE(transactions.append(tx, put("b")).ok());
  EXPECT_EQ(transactions.take_committed(id).checksum, 0x9E83486Du);
}

}  // namespace
}  // namespace pando::engine::transactions_test
