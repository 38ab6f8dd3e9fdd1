#include "cli/simulator.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <vector>

#include "cli/command_line.h"

namespace pando::cli {

int run_simulator(const Arguments& arguments) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string beside = (error ? std::filesystem::path(".") : self.parent_path()) / "pando-sim";
  std::vector<std::string> words{"pando-sim"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(beside.c_str(), argv.data());
  execvp("pando-sim", argv.data());
  fmt::print(stderr, "pando: no simulator: there is neither {} nor a pando-sim in PATH\n", beside);
  return kExitFailed;
}

}  // namespace pando::cli
