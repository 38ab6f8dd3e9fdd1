#!/usr/bin/env python3
"""Lists the undefined symbols of the pure ring's libraries and tells which ones let the world in.

Plain C symbols must be on a list of functions that only compute (so a new libc call is refused until
someone says here that it is pure). C++ symbols of the standard library are refused by name; those of
libraries the pure ring may use are fine; those of Pando must be defined in the pure ring itself.
"""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import layers

# Functions of libc, libgcc, libm and the compilers' runtimes that compute and do nothing else.
PURE_C = re.compile(r"""^(
    mem(cpy|move|set|cmp|chr|rchr|mem) | bcmp
  | str(len|nlen|cmp|ncmp|chr|rchr|str|spn|cspn|cpy|ncpy|dup|casecmp|ncasecmp)
  | strto(l|ul|ll|ull|d|f|ld) | __isoc23_strto(l|ul|ll|ull) | snprintf | vsnprintf
  | malloc | calloc | realloc | free | posix_memalign | aligned_alloc
  | abort | __assert_fail | __stack_chk_fail | __errno_location
  | (is|to)(alpha|alnum|digit|xdigit|space|upper|lower|print|punct) | __ctype_(b|tolower|toupper)_loc
  | (ceil|floor|trunc|round|fmod|pow|log|log2|log10|exp|sqrt|lround|llround|frexp|ldexp|signbit|isnan)[fl]?
  | qsort | bsearch
  | __mem(cpy|move|set)_chk | __(v)?snprintf_chk
  | __popcount[ds]i2 | __u?(div|mod|mul)ti3 | __u?divmodti4 | __(fix|float)\w*ti\w* | __cpu_(model|indicator_init)
  | __cxa_\w+ | _Unwind_Resume | __gxx_personality_v0 | __dso_handle | __tls_get_addr | _GLOBAL_OFFSET_TABLE_
  | localeconv  # JSON's number parser asks for the decimal point; nothing here sets another locale
  | __libc_single_threaded  # shared_ptr asks it which of two equal code paths to take
  | __[au]bsan_\w+ | __asan_\w+ | __ubsan_\w+ | __tsan_\w+ | __sanitizer_\w+ | __sancov_\w+ | __start___sancov\w+ | __stop___sancov\w+
  | ZSTD_\w+ | XXH\w+ | crc32(_z)?
)$""", re.X)

# What the standard library would let in, by the demangled name.
IMPURE_CXX = [
    (re.compile(r"std::chrono::.*(clock::now|tzdb|current_zone)"), "reads a clock"),
    (re.compile(r"std::(this_thread|thread|jthread|condition_variable|timed_mutex|__future_base|_V2::condition_variable)\b"
                r"|std::__(atomic_wait|detail::__platform|timepunct)|std::call_once|std::__once"), "uses threads"),
    (re.compile(r"std::random_device"), "uses a random device"),
    (re.compile(r"std::(__cxx11::)?basic_(filebuf|[io]?fstream|ofstream|ifstream)|std::(__cxx11::)?filesystem::"
                r"|std::filesystem::"), "uses files"),
    (re.compile(r"std::(cout|cerr|clog|cin|wcout|wcerr)\b|std::ios_base::Init"), "uses iostream"),
    (re.compile(r"std::locale::locale\(char"), "reads the environment's locale"),
    (re.compile(r"fmt::v\d+::(vprint|print|vprintln|detail::(vprint|fwrite|print)|(o|buffered_)file|file::)"), "writes to a file"),
]

FOREIGN = [
    (re.compile(r"^(boost|grpc|google|rocksdb|zmq|spdlog|prometheus|toml|CLI|absl)::"), "belongs to the io ring"),
]

# Failing a CHECK must say so on its way down; it is the one thing the pure ring may write.
EXCEPTIONS = {("base", "check.cc.o"): re.compile(r"^(stderr|fprintf|__fprintf_chk|fputs|fputc|fwrite|fflush|vfprintf)$")}


@dataclass(frozen=True)
class Symbol:
    folder: str
    member: str    # appender.cc.o
    mangled: str
    name: str      # demangled


def nm(archive, *options):
    """(member, mangled names) per object of an archive."""
    out = subprocess.run(["nm", "--format=posix", *options, str(archive)], check=True, capture_output=True, text=True)
    member = ""
    for line in out.stdout.splitlines():
        match = re.match(r".*\[(.+)\]:$", line)
        if match:
            member = match[1]
        elif line:
            yield member, line.split(" ", 1)[0]


def demangle(names):
    names = list(names)
    out = subprocess.run(["c++filt"], input="\n".join(names), check=True, capture_output=True, text=True)
    return dict(zip(names, out.stdout.splitlines()))


def undefined_symbols(archives):
    """Symbols each archive needs and none of `archives` defines. archives: folder -> path."""
    defined = {name for path in archives.values() for _, name in nm(path, "--defined-only")}
    needed = [(folder, member, name) for folder, path in archives.items()
              for member, name in nm(path, "--undefined-only") if name not in defined]
    readable = demangle(sorted({name for _, _, name in needed}))
    return [Symbol(folder, member, name, readable[name]) for folder, member, name in needed]


def why_impure(symbol):
    """What is wrong with this undefined symbol, or None."""
    exception = EXCEPTIONS.get((symbol.folder, symbol.member))
    if exception and exception.match(symbol.mangled):
        return None
    if not symbol.mangled.startswith("_Z"):
        return None if PURE_C.match(symbol.mangled) else "a C function that is not known to be pure"
    for pattern, why in IMPURE_CXX + FOREIGN:
        if pattern.search(symbol.name):
            return why
    if re.match(r"(.* )?pando::", symbol.name):
        return "no library of the pure ring defines it"
    return None


def problems(archives):
    found = {}
    for symbol in undefined_symbols(archives):
        why = why_impure(symbol)
        if why:
            found[f"{layers.library(symbol.folder)} ({symbol.member}): {symbol.name}: {why}"] = None
    return list(found)


def archives_of(build, root=layers.ROOT):
    """folder -> archive, for every pure folder that compiles something; a missing archive is an error."""
    archives = {}
    for folder in layers.compiled_pure_folders(root):
        path = Path(build) / f"lib{layers.library(folder)}.a"
        if not path.exists():
            raise FileNotFoundError(f"{path} is not built")
        archives[folder] = path
    return archives


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else layers.ROOT / "build" / "release"
    found = problems(archives_of(build))
    print("\n".join(found) or "purity: nothing in the pure ring reaches the world")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
