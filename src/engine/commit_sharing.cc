#include "engine/commit_sharing.h"

#include <algorithm>
#include <type_traits>

namespace pando::engine {
namespace {

// So that what is alone within the limits of a commit is so together.
constexpr std::size_t kBytesMax = 1024 * 1024;
// Of one key: each is compared with all before it, here and by the draft (Draft::is_small()).
constexpr std::size_t kElementsMax = 16;

template <typename T, typename... Any>
constexpr bool kIsAnyOf = (std::is_same_v<T, Any> || ...);

// Decided by the cells of its key alone, and writes no others. What a typed key tells its merge group is one of them.
bool is_of_one_key(const Mutation::Detail& detail) {
  return std::visit(
      []<typename T>(const T&) {
        return kIsAnyOf<T, std::monostate, ExpireChange, SetScores, AddToScore, RemoveScores, RemoveScoreRange,
                        ListPush, ListInsert, ListPop, ListSet, ListCut, ListRemove, ListMove, RequireKey, TellValue,
                        AppendText, OverwriteText, SetBit, PutFieldAbsent, AddToField, AddDecimalToField, PopMembers,
                        EditBits, AddToSketch>;
      },
      detail);
}

bool is_of_one_key(const WriteRequest& write) {
  if (write.mutations.empty()) return false;
  const Mutation& first = write.mutations.front();
  return std::all_of(write.mutations.begin(), write.mutations.end(), [&](const Mutation& mutation) {
    return mutation.table == kTableKv && (&mutation == &first || mutation.key == first.key) &&
           (mutation.detail.index() == 0 || is_of_one_key(mutation.detail));
  });
}

std::size_t bytes_of(const Mutation& mutation) {
  std::size_t bytes = mutation.key.size() + mutation.value.size();
  for (const auto& [name, value] : mutation.columns) bytes += name.size() + value.size();
  for (const Bytes& member : mutation.members) bytes += member.size();
  if (const auto* push = std::get_if<ListPush>(&mutation.detail)) {
    for (const Bytes& value : push->values) bytes += value.size();
  }
  return bytes;
}

// Calls visit(element) for what is added to the key; false when it does anything else.
template <typename Visit>
bool visit_added(const Mutation& mutation, Visit visit) {
  if (mutation.ttl) return false;
  if (mutation.kind == Mutation::Kind::kAddMembers) {
    for (const Bytes& member : mutation.members) visit(member);
  } else if (mutation.kind == Mutation::Kind::kPutColumns) {
    for (const auto& entry : mutation.columns) visit(entry.first);
  } else if (const auto* scores = std::get_if<SetScores>(&mutation.detail)) {
    for (const SetScores::Entry& entry : scores->entries) visit(entry.member);
  } else {
    return std::holds_alternative<ListPush>(mutation.detail);  // each value is a new element
  }
  return true;
}

}  // namespace

void CommitSharing::clear() {
  keys_.clear();
  elements_.clear();
  bytes_ = 0;
}

CommitSharing::Fit CommitSharing::look(const WriteRequest& write) {
  if (!is_of_one_key(write)) {
    clear();
    return Fit::kAlone;
  }
  const Fit fit = join(write);
  if (fit != Fit::kAfter) return fit;
  clear();
  join(write);
  return Fit::kAfter;
}

CommitSharing::Fit CommitSharing::join(const WriteRequest& write) {
  const Mutation& mutation = write.mutations.front();
  bytes_ += bytes_of(mutation);
  if (bytes_ > kBytesMax && !keys_.empty()) return Fit::kAfter;
  const Name key(mutation.key);
  const bool same = !keys_.empty() && keys_.back() == key;
  if (!same && holds(keys_, key)) return Fit::kAfter;
  if (same && !only_adds_) return Fit::kAfter;
  if (!same) elements_.clear();
  if (elements_.capacity() == 0) elements_.reserve(kElementsMax);

  bool fresh = true;
  const bool adds = write.mutations.size() == 1 && visit_added(mutation, [&](ByteSpan element) {
                      const Name name(element);
                      fresh = fresh && elements_.size() < kElementsMax && !holds(elements_, name);
                      if (fresh) elements_.push_back(name);
                    });
  if (same) return adds && fresh ? Fit::kSameKey : Fit::kAfter;
  if (keys_.capacity() == 0) keys_.reserve(kElementsMax);
  keys_.push_back(key);
  only_adds_ = adds && fresh;
  return Fit::kNewKey;
}

}  // namespace pando::engine
