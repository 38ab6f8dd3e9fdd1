// What one member costs as its collection grows: decided and applied in this process, over RocksDB, no log and no wire.
//
//   bench_members [SIZE_MAX]      10, 100, … up to SIZE_MAX members (default 1000000)
//
//   on disk      bytes of RocksDB's files per member, after a checkpoint
//   first        milliseconds of wall time until the first operation is done: it builds the index, where there is one
//   the others   nanoseconds of this thread's processor time per operation
//
// Each collection is filled, checkpointed and reopened, so that what is not kept in memory comes from RocksDB. The
// operations then touch members all over it, twice as many: the first half right after a start, with nothing in any
// cache, then the second, most of them on members that nobody has touched yet ("then"). "touched before" is the second
// half once more, of those that work on the same members again: what they read is in memory.

#include <fmt/format.h>

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include "apply/apply.h"
#include "engine/draft.h"
#include "engine/read.h"
#include "io/rocks/rocks_kv.h"

namespace {

using namespace pando;

constexpr std::size_t kOperations = 20'000;

std::string text_of(const Status& status) { return status.to_string(); }
template <typename T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "%s\n", text_of(result.error()).c_str());
  std::exit(1);
}
void must(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", text_of(status).c_str());
  std::exit(1);
}

class Site {
 public:
  Site() : path_(std::filesystem::temp_directory_path() / "pando-members-bench") {
    std::filesystem::remove_all(path_);
    kv_ = must(io::RocksKv::open(path_));
    open();
  }
  ~Site() {
    cells_.reset();
    kv_.reset();
    std::filesystem::remove_all(path_);
  }

  void write(const Mutation& mutation) {
    const Dot dot{origin_, cells_->context().get(origin_).next()};
    engine::Draft draft(dot, view(), parser_);
    must(draft.add(mutation));
    commit_.dot = dot;
    commit_.hlc = Hlc{dot.seq.value};
    commit_.ops = draft.take_ops();
    must(apply::apply(commit_, cells_->applied().next(), *cells_));
  }
  template <typename Request>
  void read(const Request& request) {
    engine::View seen = view();
    must(engine::read(seen, request));
  }
  void checkpoint() {
    const store::Batch batch = cells_->begin_checkpoint(1);
    const Status status = kv_->write(batch);
    cells_->checkpoint_done(status);
    must(status);
  }
  void reopen() {
    checkpoint();
    open();
  }
  std::uint64_t bytes_on_disk() const {
    std::uint64_t bytes = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(path_)) {
      if (file.is_regular_file() && file.path().extension() == ".sst") bytes += file.file_size();
    }
    return bytes;
  }

 private:
  engine::View view() { return {*cells_, catalog_, 0, indexes_.get()}; }
  void open() {
    cells_ = must(store::Cells::open(*kv_));
    indexes_ = std::make_unique<engine::Indexes>();
    cells_->observe(indexes_.get());
  }

  std::filesystem::path path_;
  std::unique_ptr<io::RocksKv> kv_;
  std::unique_ptr<store::Cells> cells_;
  std::unique_ptr<engine::Indexes> indexes_;
  engine::Catalog catalog_;
  engine::TypedPayloadParser parser_;
  Origin origin_{"dc1", 1};
  Commit commit_;
};

Bytes member(std::size_t i) { return fmt::format("member:{:08}", i); }
// Visits members all over the collection.
std::size_t spread(std::size_t i, std::size_t size) { return i * 7919 % size; }

Mutation about(Bytes key) {
  Mutation m;
  m.key = std::move(key);
  return m;
}
Mutation members(Mutation::Kind kind, std::vector<Bytes> who) {
  Mutation m = about("c");
  m.kind = kind;
  m.members = std::move(who);
  return m;
}
Mutation detail(Mutation::Detail what) {
  Mutation m = about("c");
  m.kind = Mutation::Kind::kDetail;
  m.detail = std::move(what);
  return m;
}
Mutation columns(Mutation::Kind kind, Columns what) {
  Mutation m = about("c");
  m.table = std::string(kTableRow);
  m.kind = kind;
  m.columns = std::move(what);
  return m;
}

struct Operation {
  std::string_view name;
  // Of the i-th time, in a collection that was filled with `size` members.
  std::function<void(Site&, std::size_t i, std::size_t size)> run;
};
struct Collection {
  std::string_view name;
  std::function<Mutation(std::size_t first, std::size_t last)> fill;
  std::vector<Operation> operations;
};

template <typename Each>
auto list_of(std::size_t first, std::size_t last, Each each) {
  std::vector<decltype(each(first))> list;
  for (std::size_t i = first; i < last; ++i) list.push_back(each(i));
  return list;
}

std::vector<Collection> collections() {
  using Kind = Mutation::Kind;
  const auto score = [](std::size_t i) {
    return SetScores::Entry{member(i), static_cast<double>(i * 2654435761U % 1'000'000)};
  };
  const auto field = [](std::size_t i) { return std::pair(member(i), Bytes("a value of some thirty-two bytes")); };
  const auto value = [](std::size_t i) { return fmt::format("value {} of some thirty-two bytes", i); };
  GetItemsRequest item;
  item.key = "c";
  ListScoresRequest top;
  top.key = "c";
  top.range.reverse = true;
  top.count_max = 10;
  CountMembersRequest size;
  size.key = "c";
  size.count_max = UINT32_MAX;
  return {
      {"set",
       [](std::size_t a, std::size_t b) { return members(Kind::kAddMembers, list_of(a, b, member)); },
       {{"add", [](Site& s, std::size_t i, std::size_t n) { s.write(members(Kind::kAddMembers, {member(n + i)})); }},
        {"has",
         [](Site& s, std::size_t i, std::size_t n) {
           s.read(HasMemberRequest{"kv", "c", member(spread(i, n))});
         }},
        {"size", [size](Site& s, std::size_t, std::size_t) { s.read(size); }},
        {"remove",
         [](Site& s, std::size_t i, std::size_t n) { s.write(members(Kind::kRemoveMembers, {member(n + i)})); }}}},
      {"sorted set",
       [score](std::size_t a, std::size_t b) {
         return detail(SetScores{list_of(a, b, score), {}, false});
       },
       {{"top 10", [top](Site& s, std::size_t, std::size_t) { s.read(top); }},
        {"add",
         [score](Site& s, std::size_t i, std::size_t n) {
           s.write(detail(SetScores{{score(n + i)}, {}, false}));
         }},
        {"incr",
         [](Site& s, std::size_t i, std::size_t n) {
           s.write(detail(AddToScore{member(spread(i, n)), 1.5, {}}));
         }},
        {"score",
         [](Site& s, std::size_t i, std::size_t n) {
           s.read(GetScoresRequest{"kv", "c", {member(spread(i, n))}});
         }},
        {"rank",
         [](Site& s, std::size_t i, std::size_t n) {
           s.read(GetRankRequest{"kv", "c", member(spread(i, n)), true});
         }},
        {"remove", [](Site& s, std::size_t i, std::size_t n) { s.write(detail(RemoveScores{{member(n + i)}})); }}}},
      {"map field",
       [field](std::size_t a, std::size_t b) { return columns(Kind::kPutColumns, list_of(a, b, field)); },
       {{"put",
         [field](Site& s, std::size_t i, std::size_t n) { s.write(columns(Kind::kPutColumns, {field(n + i)})); }},
        {"replace", [field](Site& s, std::size_t i,
                            std::size_t n) { s.write(columns(Kind::kPutColumns, {field(spread(i, n))})); }},
        {"remove",
         [](Site& s, std::size_t i, std::size_t n) {
           s.write(columns(Kind::kDeleteColumns, {{member(n + i), {}}}));
         }}}},
      {"list",
       [value](std::size_t a, std::size_t b) {
         return detail(ListPush{ListEnd::kBack, list_of(a, b, value), false});
       },
       {{"at",
         [item](Site& s, std::size_t i, std::size_t n) {
           GetItemsRequest one = item;
           one.first = one.last = static_cast<std::int64_t>(spread(i, n));
           s.read(one);
         }},
        {"push back",
         [value](Site& s, std::size_t i, std::size_t) {
           s.write(detail(ListPush{ListEnd::kBack, {value(i)}, false}));
         }},
        {"push front",
         [value](Site& s, std::size_t i, std::size_t) {
           s.write(detail(ListPush{ListEnd::kFront, {value(i)}, false}));
         }},
        {"insert",
         [value](Site& s, std::size_t i, std::size_t n) {
           s.write(detail(ListInsert{static_cast<std::int64_t>(spread(i, n)), {}, false, {value(i)}}));
         }},
        {"pop front",
         [](Site& s, std::size_t, std::size_t) {
           s.write(detail(ListPop{ListEnd::kFront, 1}));
         }}}},
  };
}

// Works on members that are there, so that it finds in memory what it does again.
bool repeats(const Operation& operation) {
  constexpr std::string_view kNames[] = {"has", "size", "top 10", "incr", "score", "rank", "replace", "at"};
  return std::find(std::begin(kNames), std::end(kNames), operation.name) != std::end(kNames);
}

double thread_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e9 * static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec);
}

// Nanoseconds per operation, of `kOperations` of them from the `first`-th on.
double measure(Site& site, const Operation& operation, std::size_t first, std::size_t size) {
  const double began = thread_ns();
  for (std::size_t i = first; i < first + kOperations; ++i) operation.run(site, i, size);
  return (thread_ns() - began) / static_cast<double>(kOperations);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t size_max = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  for (const Collection& collection : collections()) {
    std::string head = fmt::format("{:<12}{:>9}{:>10}{:>12}", collection.name, "members", "on disk", "first");
    for (const Operation& operation : collection.operations) head += fmt::format("{:>12}", operation.name);
    std::puts(head.c_str());
    for (std::size_t size = 10; size <= size_max; size *= 10) {
      Site site;
      constexpr std::size_t kFill = 1000;
      for (std::size_t i = 0; i < size; i += kFill) {
        site.write(collection.fill(i, std::min(i + kFill, size)));
        if (i % 100'000 == 0) site.checkpoint();
      }
      site.reopen();
      const std::uint64_t bytes = site.bytes_on_disk() / size;
      const auto began = std::chrono::steady_clock::now();
      collection.operations.front().run(site, 0, size);
      const std::chrono::duration<double, std::milli> first = std::chrono::steady_clock::now() - began;
      std::string line = fmt::format("{:<12}{:>9}{:>8} B{:>9.1f} ms", "", size, bytes, first.count());
      std::string again = fmt::format("{:>43}", "then");
      std::string warm = fmt::format("{:>43}", "touched before");
      for (const Operation& operation : collection.operations) {
        operation.run(site, 2 * kOperations, size);  // builds what it needs
        line += fmt::format("{:>9.0f} ns", measure(site, operation, 0, size));
        again += fmt::format("{:>9.0f} ns", measure(site, operation, kOperations, size));
        warm += repeats(operation) ? fmt::format("{:>9.0f} ns", measure(site, operation, kOperations, size))
                                   : fmt::format("{:>12}", "");
      }
      std::puts(line.c_str());
      std::puts(again.c_str());
      std::puts(warm.c_str());
      std::fflush(stdout);
    }
  }
}
