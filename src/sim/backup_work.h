// sim/backup_work.h — backups of random nodes at random times, and merges of them, later, into nodes that serve.
//
// A backup is a causal cut of the node it was taken of, and merging one in may change nothing but what that node lacks:
// what was written, counted or deleted since stays. So the checkers need not know of it; none may find a difference.
// Files outlive the machines, as on storage of its own. A merge may be refused where the node is busy or stops, never
// because of what is in the file; but for one of a disk that was declared lost since.
//
// In some runs one of the nodes loses its disks, and begins with its last backup (`pando restore --into`): what was
// only on these disks may be lost (sim/checkers/acknowledged.h), and it gets back all else.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/world.h"

namespace pando::sim {

class BackupWork {
 public:
  // `losses` decides whether and when a node loses its disks; none does without.
  BackupWork(World& world, std::vector<std::string> namespaces, std::optional<Prng> losses);
  void start();
  // Before everything is mended.
  void stop();

 private:
  struct File {
    std::string ns;
    std::string path;
    const Machine* of = nullptr;
  };
  void tick();
  void take(Machine& machine, const std::string& ns);
  void merge(Machine& machine, const File& file);
  // Of each namespace the last one.
  std::map<std::string, std::string> files_of(const Machine& machine) const;
  void go_down();
  void begin_with_backup();

  World& world_;
  std::vector<std::string> namespaces_;
  Prng rng_;
  bool stopping_ = false;
  std::vector<File> files_;
  std::uint64_t count_ = 0;
  std::optional<Prng> losses_;
  Machine* lost_ = nullptr;
  int questions_left_ = 0;
};

// The same file, of a cut that counts as having seen all that the machine has of the same writers: what it lacks of
// that counts as taken away. For a mutation.
Bytes overstate_backup(ByteSpan file, const VersionVector& there);

}  // namespace pando::sim
