#include "model/commit_parts.h"

#include <algorithm>

namespace pando {
namespace {

using Kind = CommitSection::Kind;

Commit skip_of(const Commit& commit) {
  Commit skip;
  skip.dot = commit.dot;
  skip.hlc = commit.hlc;
  skip.chain = commit.chain;
  skip.skips_from = commit.first_seq();
  return skip;
}

}  // namespace

void divide(Commit& commit, const std::function<bool(std::string_view table)>& is_local) {
  commit.sections.clear();
  std::string_view last;
  std::string_view last_table;
  for (const Op& op : commit.ops) {
    const std::string_view table = table_of(op);
    if (same_bytes(table, last_table) && !commit.sections.empty()) {
      ++commit.sections.back().ops;
      continue;
    }
    last_table = table;
    const std::string_view ruling = ruling_table(table);
    if (commit.sections.empty() || ruling != last) {
      commit.sections.push_back({is_local(table) ? Kind::kLocal : Kind::kOps, 0, 0});
    }
    ++commit.sections.back().ops;
    last = ruling;
  }
  if (commit.sections.size() == 1 && commit.sections.front().kind == Kind::kOps) commit.sections.clear();
}

Result<CommitPart> part_for(ByteSpan encoded, const TableSet& wanted) {
  const Result<CommitHead> head = peek_head(encoded);
  if (!head) return fail(head.error());
  if (wanted.all && !head->divided) return CommitPart{true};
  Result<Commit> commit = decode_commit(encoded);
  if (!commit) return fail(commit.error());
  if (commit->skips_from) return CommitPart{true};
  if (commit->sections.empty()) {
    // One of several tables was made before there were sections: it cannot be told apart, and goes whole.
    const auto is_wanted = [&](const Op& op) { return wanted.has(table_of(op)); };
    const bool goes = commit->ops.empty() || std::any_of(commit->ops.begin(), commit->ops.end(), is_wanted);
    return goes ? CommitPart{true} : CommitPart{false, skip_of(*commit)};
  }
  CommitPart part{true};
  std::vector<Op> ops;
  std::size_t next = 0;
  for (CommitSection& section : commit->sections) {
    if (section.kind == Kind::kLeftOut) continue;
    const std::size_t from = next;
    next += section.ops;
    if (section.kind == Kind::kOps && wanted.has(table_of(commit->ops[from]))) {
      std::move(commit->ops.begin() + static_cast<std::ptrdiff_t>(from),
                commit->ops.begin() + static_cast<std::ptrdiff_t>(next), std::back_inserter(ops));
      continue;
    }
    section = {Kind::kLeftOut, 0, digest_of_section(commit->ops, from, section.ops)};
    part.whole = false;
  }
  if (part.whole) return part;
  if (ops.empty()) {
    part.rest = skip_of(*commit);
  } else {
    commit->ops = std::move(ops);
    part.rest = *std::move(commit);
  }
  return part;
}

}  // namespace pando
