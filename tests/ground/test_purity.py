"""The pure ring's libraries reach no clock, thread, file, socket, device or environment; and the test can fail."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import layers
import purity

BUILD = Path(os.environ.get("PANDO_BUILD", layers.ROOT / "build" / "release"))

# One row per way out into the world: a name, its code, and a word of the complaint (None: pure).
ROWS = [
    ("clock_c", "#include <ctime>\nlong f() { timespec t; clock_gettime(CLOCK_REALTIME, &t); return t.tv_sec; }", "clock_gettime"),
    ("time_c", "#include <ctime>\nlong f() { return time(nullptr); }", "time"),
    ("clock_cxx", "#include <chrono>\nlong f() { return std::chrono::steady_clock::now().time_since_epoch().count(); }",
     "reads a clock"),
    ("thread_cxx", "#include <thread>\nvoid g(); void f() { std::thread(g).join(); }", "uses threads"),
    ("thread_c", "#include <pthread.h>\nvoid f(pthread_mutex_t* m) { pthread_mutex_lock(m); }", "pthread_mutex_lock"),
    ("sleep", "#include <unistd.h>\nvoid f() { usleep(1); }", "usleep"),
    ("open", "#include <fcntl.h>\nint f() { return open(\"/x\", 0); }", "open"),
    ("fopen", "#include <cstdio>\nFILE* f() { return fopen(\"/x\", \"r\"); }", "fopen"),
    ("fstream", "#include <fstream>\nvoid f() { std::ofstream(\"/x\") << 1; }", "uses files"),
    ("filesystem", "#include <filesystem>\nbool f() { return std::filesystem::exists(\"/x\"); }", "uses files"),
    ("iostream", "#include <iostream>\nvoid f() { std::cout << 1; }", "uses iostream"),
    ("printf", "#include <cstdio>\nvoid f(int x) { printf(\"%d\", x); }", "printf"),
    ("stderr", "#include <cstdio>\nvoid f(const char* s) { fputs(s, stderr); }", "fputs"),
    ("socket", "#include <sys/socket.h>\nint f() { return socket(AF_INET, SOCK_STREAM, 0); }", "socket"),
    ("random_device", "#include <random>\nunsigned f() { return std::random_device{}(); }", "uses a random device"),
    ("rand", "#include <cstdlib>\nint f() { return rand(); }", "rand"),
    ("getrandom", "#include <sys/random.h>\nlong f(char* p) { return getrandom(p, 8, 0); }", "getrandom"),
    ("getenv", "#include <cstdlib>\nchar* f() { return getenv(\"HOME\"); }", "getenv"),
    ("getpid", "#include <unistd.h>\nint f() { return getpid(); }", "getpid"),
    ("mmap", "#include <sys/mman.h>\nvoid* f() { return mmap(nullptr, 1, 0, MAP_PRIVATE, -1, 0); }", "mmap"),
    ("syscall", "#include <unistd.h>\nlong f() { return syscall(1); }", "syscall"),
    ("outside", "namespace pando::io { int read_disk(); }\nint f() { return pando::io::read_disk(); }",
     "no library of the pure ring defines it"),
    ("pure", "#include <map>\n#include <string>\n#include <stdexcept>\n"
             "int f(std::map<std::string, int>& m, const std::string& k) { return m[k + \"x\"] += std::stoi(k); }", None),
]


class Purity(unittest.TestCase):
    def test_the_pure_ring_reaches_nothing(self):
        archives = purity.archives_of(BUILD)
        self.assertIn("base", archives)
        self.assertEqual(purity.problems(archives), [])


class PlantedViolations(unittest.TestCase):
    """Compiles each row into an archive of its own, as the build would."""

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.TemporaryDirectory()
        for name, code, _ in ROWS:
            Path(cls.top.name, f"{name}.cc").write_text(code + "\n")
        files = [f"{name}.cc" for name, _, _ in ROWS]
        half = len(files) // 2
        compilers = [subprocess.Popen(["g++", "-std=c++20", "-O1", "-c", *part], cwd=cls.top.name)
                     for part in (files[:half], files[half:])]
        codes = [compiler.wait() for compiler in compilers]
        assert codes == [0, 0], "a planted violation does not compile"
        for name, _, _ in ROWS:
            subprocess.run(["ar", "rcs", f"lib{name}.a", f"{name}.o"], cwd=cls.top.name, check=True)

    @classmethod
    def tearDownClass(cls):
        cls.top.cleanup()

    def found(self, *names):
        return purity.problems({name: Path(self.top.name, f"lib{name}.a") for name in names})

    def test_each_is_found_and_named(self):
        for name, _, word in ROWS:
            with self.subTest(name):
                found = self.found(name)
                if word is None:
                    self.assertEqual(found, [])
                else:
                    self.assertTrue(any(word in line for line in found), found)
                    self.assertTrue(all(f"({name}.o)" in line for line in found), found)

    def test_only_the_failing_check_may_write(self):
        stderr = purity.Symbol("base", "check.cc.o", "fputs", "fputs")
        self.assertIsNone(purity.why_impure(stderr))
        self.assertIsNotNone(purity.why_impure(purity.Symbol("base", "codec.cc.o", "fputs", "fputs")))
        self.assertIsNotNone(purity.why_impure(purity.Symbol("base", "check.cc.o", "fopen", "fopen")))

    def test_a_library_that_is_not_built_is_an_error(self):
        with self.assertRaises(FileNotFoundError):
            purity.archives_of(self.top.name)


if __name__ == "__main__":
    unittest.main()
