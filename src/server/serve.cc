#include "server/serve.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdio>
#include <utility>

#include "io/disk/file.h"
#include "server/logging.h"
#include "server/runtime.h"

namespace pando::server {
namespace {

constexpr std::uint64_t kConfigBytesMax = 4 << 20;

int complain(int code, const std::string& text) {
  fmt::print(stderr, "pando: {}\n", text);
  return code;
}

// Connections, segments and tables are all files: take as many as the system allows us.
void raise_file_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

Result<Bytes> read_config(const std::string& path) {
  const Result<io::disk::File> file = io::disk::File::open(path, O_RDONLY);
  if (!file) return fail(file.error());
  return file->read_at(0, kConfigBytesMax);
}

}  // namespace

int serve(const ServeOptions& options) {
  const Result<Bytes> text = read_config(options.config_path);
  if (!text) return complain(2, fmt::format("cannot read the configuration: {}", text.error().message()));
  Result<ParsedConfig> parsed = parse_config(*text, options.config_path, options.role);
  if (!parsed) return complain(2, parsed.error().message());

  setup_logging(parsed->config.log_level, parsed->config.log_timestamps);
  for (const std::string& warning : parsed->warnings) log(LogLevel::kWarn, warning);

  raise_file_limit();
  RuntimeOptions runtime_options;
  runtime_options.config = std::move(parsed->config);
  runtime_options.role = options.role;
  runtime_options.version = options.version;
  Result<std::unique_ptr<Runtime>> runtime = Runtime::start(std::move(runtime_options));
  if (!runtime) return complain(1, runtime.error().message());
  (*runtime)->handle_signals();
  if (!options.ports_file.empty()) {
    if (const Status written = write_ports_file(options.ports_file, (*runtime)->ports()); !written.ok()) {
      return complain(1, fmt::format("--ports-file: {}", written.message()));
    }
  }
  log(LogLevel::kInfo, "ready", {{"node", (*runtime)->node_name()}, {"role", role_name(options.role)}});
  for (const std::string& line : (*runtime)->ready_lines()) fmt::print("{}\n", line);
  std::fflush(stdout);

  const Status outcome = (*runtime)->run();
  return outcome.ok() ? 0 : complain(1, outcome.message());
}

}  // namespace pando::server
