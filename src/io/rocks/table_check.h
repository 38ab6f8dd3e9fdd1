// io/rocks/table_check.h — looks at the one word of a table file that RocksDB believes before it has checked it.
//
// RocksDB 7.8 takes the properties block of a table apart first and verifies its checksum afterwards. Where the top bit
// of that block's last word (how many restart points it has) was flipped, the library mistakes it for a block of
// another kind, and with assertions on, as Debian builds it, ends the process: one namespace's damage would take all
// down. Every other bit of a table is either covered by a checksum that is verified in time or means nothing
// (tests/bitflips).
//
// The form of a table is RocksDB's (block based, table_format.md of its wiki): the last 53 bytes are the footer, it
// leads to the metaindex block, that one to the block called "rocksdb.properties". Whatever is not as expected there,
// say in a file that a crash left unfinished, is left to RocksDB, which knows which files count.
#pragma once

#include <filesystem>

#include "base/status.h"

namespace pando::io {

// kDataLoss "store: /x/000008.sst: …" when a table in the directory has that bit set. A directory that does not exist
// is ok.
Status check_tables(const std::filesystem::path& directory);

}  // namespace pando::io
