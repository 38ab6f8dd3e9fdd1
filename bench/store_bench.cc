// What the state costs: a put or an increment of a hot cell, new keys, reads, checkpoints, the digest.
//
//   put_hot, add_hot         apply() of a one-op commit to a cell in memory; the bar is 1 µs
//   put_new                  to a key that is not there yet, RocksDB below: one bloom-filtered miss each
//   get_hot, get_cold        in memory; from RocksDB's cache
//   checkpoint               begin_checkpoint + write + checkpoint_done of N dirty cells, durable

#include <benchmark/benchmark.h>

#include <filesystem>
#include <string>

#include "apply/apply.h"
#include "io/rocks/rocks_kv.h"
#include "store/cells.h"
#include "store/memory_kv.h"

namespace {

using namespace pando;

const Origin kSelf{"dc1", 1};

CellPath path_of(std::uint64_t i) { return {"kv", "user:" + std::to_string(1'000'000 + i), CellKind::kRegister, ""}; }

class Namespace {
 public:
  explicit Namespace(store::Kv& kv) : cells_(*store::Cells::open(kv)) {}

  store::Cells& cells() { return *cells_; }
  void apply_one(Op op) {
    commit_.dot = {kSelf, cells_->context().get(kSelf).next()};
    commit_.hlc = Hlc{commit_.dot.seq.value};
    commit_.ops.clear();
    commit_.ops.push_back(std::move(op));
    if (!apply::apply(commit_, cells_->applied().next(), *cells_)) std::abort();
  }
  Op put(const CellPath& path) {
    const auto* reg = cells_->find_register(path).value();
    return PutOp{path, "a value of some thirty-two bytes", reg == nullptr ? std::vector<Dot>{} : reg->dots()};
  }

 private:
  std::unique_ptr<store::Cells> cells_;
  Commit commit_;
};

class RocksDir {
 public:
  RocksDir() : path_(std::filesystem::temp_directory_path() / "pando-store-bench") {
    std::filesystem::remove_all(path_);
    kv_ = *io::RocksKv::open(path_);
  }
  ~RocksDir() {
    kv_.reset();
    std::filesystem::remove_all(path_);
  }
  io::RocksKv& kv() { return *kv_; }

 private:
  std::filesystem::path path_;
  std::unique_ptr<io::RocksKv> kv_;
};

void checkpoint(Namespace& ns, store::Kv& kv) {
  const store::Batch batch = ns.cells().begin_checkpoint(1);
  ns.cells().checkpoint_done(kv.write(batch));
}

void put_hot(benchmark::State& state) {
  store::MemoryKv kv;
  Namespace ns(kv);
  const auto keys = static_cast<std::uint64_t>(state.range(0));
  std::uint64_t i = 0;
  for (auto _ : state) ns.apply_one(ns.put(path_of(i++ % keys)));
}
BENCHMARK(put_hot)->Arg(1)->Arg(1000)->Arg(100'000);

void add_hot(benchmark::State& state) {
  store::MemoryKv kv;
  Namespace ns(kv);
  const CellPath path{"kv", "page-views", CellKind::kCounter, ""};
  for (auto _ : state) {
    const auto* counter = ns.cells().find_counter(path).value();
    const Dot dot{kSelf, ns.cells().context().get(kSelf).next()};
    ns.apply_one(crdt::add_op(counter == nullptr ? crdt::Counter() : *counter, path, dot, 1).value());
  }
}
BENCHMARK(add_hot);

void put_new(benchmark::State& state) {
  RocksDir dir;
  Namespace ns(dir.kv());
  std::uint64_t i = 0;
  for (; i < 100'000; ++i) ns.apply_one(ns.put(path_of(i)));
  checkpoint(ns, dir.kv());
  for (auto _ : state) ns.apply_one(ns.put(path_of(i++)));
}
BENCHMARK(put_new);

void get_hot(benchmark::State& state) {
  store::MemoryKv kv;
  Namespace ns(kv);
  for (std::uint64_t i = 0; i < 100'000; ++i) ns.apply_one(ns.put(path_of(i)));
  std::uint64_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(ns.cells().find_register(path_of(i++ * 7919 % 100'000)).value());
}
BENCHMARK(get_hot);

void get_cold(benchmark::State& state) {
  RocksDir dir;
  Namespace ns(dir.kv());
  for (std::uint64_t i = 0; i < 100'000; ++i) ns.apply_one(ns.put(path_of(i)));
  checkpoint(ns, dir.kv());
  const auto cold = *store::Cells::open(dir.kv());
  std::uint64_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(cold->fetch_register(path_of(i++ * 7919 % 100'000)).value());
}
BENCHMARK(get_cold);

void checkpoint_of(benchmark::State& state) {
  RocksDir dir;
  Namespace ns(dir.kv());
  const auto cells = static_cast<std::uint64_t>(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    for (std::uint64_t i = 0; i < cells; ++i) ns.apply_one(ns.put(path_of(i)));
    state.ResumeTiming();
    checkpoint(ns, dir.kv());
  }
}
BENCHMARK(checkpoint_of)->Arg(1)->Arg(1000)->Arg(100'000)->Unit(benchmark::kMillisecond)->UseRealTime();

// The part of a checkpoint that the loop waits for.
void begin_checkpoint_of(benchmark::State& state) {
  store::MemoryKv kv;
  Namespace ns(kv);
  const auto cells = static_cast<std::uint64_t>(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    for (std::uint64_t i = 0; i < cells; ++i) ns.apply_one(ns.put(path_of(i)));
    state.ResumeTiming();
    benchmark::DoNotOptimize(ns.cells().begin_checkpoint(1));
    ns.cells().checkpoint_done({});
  }
}
BENCHMARK(begin_checkpoint_of)->Arg(1000)->Arg(100'000)->Unit(benchmark::kMillisecond)->UseRealTime();

void digest(benchmark::State& state) {
  store::MemoryKv kv;
  Namespace ns(kv);
  for (std::uint64_t i = 0; i < 100'000; ++i) ns.apply_one(ns.put(path_of(i)));
  for (auto _ : state) benchmark::DoNotOptimize(ns.cells().digest().value());
  state.SetItemsProcessed(state.iterations() * 100'000);
}
BENCHMARK(digest)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
