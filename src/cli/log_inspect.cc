#include "cli/log_inspect.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "api/json_text.h"
#include "base/base64.h"
#include "io/disk/file.h"
#include "log/recovery.h"
#include "model/commit.h"

namespace pando::cli {
namespace {

using Json = nlohmann::ordered_json;
using io::disk::File;

constexpr int kExitWhole = 0;
constexpr int kExitDamage = 1;
constexpr int kExitNotALog = 2;
constexpr std::size_t kFlushBytes = 64 * 1024;

// Standard output, given in large pieces. Once the reader of a pipe is gone everything is dropped quietly.
class Output {
 public:
  Output() : previous_(std::signal(SIGPIPE, SIG_IGN)) {}
  ~Output() {
    flush();
    std::signal(SIGPIPE, previous_);
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void line(std::string_view text) {
    buffer_.append(text).push_back('\n');
    if (buffer_.size() >= kFlushBytes) flush();
  }
  void flush() {
    if (open_ &&
        (std::fwrite(buffer_.data(), 1, buffer_.size(), stdout) != buffer_.size() || std::fflush(stdout) != 0)) {
      open_ = false;
      error_ = errno == EPIPE ? 0 : errno;
    }
    buffer_.clear();
  }
  bool open() const { return open_; }
  // The errno of a failure that was not a reader going away, else 0.
  int error() const { return error_; }

 private:
  void (*previous_)(int);
  std::string buffer_;
  bool open_ = true;
  int error_ = 0;
};

// Keys are bytes: what does not print is written \x00.
std::string escaped(ByteSpan bytes) {
  std::string text;
  for (const char c : bytes) {
    if (c == '\\') {
      text += "\\\\";
    } else if (c >= ' ' && c != 0x7F) {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<std::uint8_t>(c));
    }
  }
  return text;
}

std::string wall_time(Hlc hlc) {
  const std::time_t seconds = hlc.wall_ms() / 1000;
  std::tm utc{};
  char text[32] = "?";
  if (::gmtime_r(&seconds, &utc) != nullptr) std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  return fmt::format("{}.{:03}Z", text, hlc.wall_ms() % 1000);
}

struct OpText {
  std::string name;    // "put"
  std::string detail;  // "5 bytes", "+7 -2"
};

struct Describe {
  OpText operator()(const PutOp& op) const {
    return {"put", fmt::format("{} bytes, replaces {}", op.value.size(), op.replaces.size())};
  }
  OpText operator()(const RemoveOp& op) const { return {"remove", fmt::format("removes {}", op.replaces.size())}; }
  OpText operator()(const ClearOp& op) const { return {"clear", fmt::format("observed {}", to_string(op.observed))}; }
  OpText operator()(const CountOp& op) const { return {"count", fmt::format("+{} -{}", op.added, op.removed)}; }
  OpText operator()(const CountResetOp& op) const { return {"reset", fmt::format("{} slots", op.observed.size())}; }
};

ByteSpan element_of(const Op& op) {
  return std::visit(
      [](const auto& o) -> ByteSpan {
        if constexpr (std::is_same_v<std::decay_t<decltype(o)>, ClearOp>) {
          return {};
        } else {
          return o.path.element;
        }
      },
      op);
}

void put_bytes(Json& object, const std::string& name, ByteSpan bytes) {
  if (api::is_utf8(bytes)) {
    object[name] = std::string(bytes);
  } else {
    object[name + "_b64"] = base64_encode(bytes);
  }
}

Json json_of(const Op& op) {
  const OpText text = std::visit(Describe{}, op);
  Json object{{"op", text.name}, {"table", std::string(table_of(op))}};
  put_bytes(object, "key", key_of(op));
  if (!element_of(op).empty()) put_bytes(object, "element", element_of(op));
  object["detail"] = text.detail;
  return object;
}

std::string text_of(const Op& op) {
  const OpText text = std::visit(Describe{}, op);
  const std::string element = element_of(op).empty() ? "" : " " + escaped(element_of(op));
  return fmt::format("{} {}/{}{} ({})", text.name, table_of(op), escaped(key_of(op)), element, text.detail);
}

// One line per segment, record and end, as text or as JSON.
class Printer {
 public:
  Printer(const LogInspectOptions& options, Output& out) : options_(options), out_(out) {}

  void segment(const log::SegmentHeader& header, std::uint64_t file_bytes) {
    if (options_.json) {
      out_.line(Json{{"type", "segment"},
                     {"segment", header.segment_id},
                     {"first", header.first.value},
                     {"file_bytes", file_bytes},
                     {"previous_bytes", header.previous_bytes},
                     {"origin", to_string(header.start.origin)},
                     {"context", to_string(header.start.context)},
                     {"changes", header.start.changes}}
                    .dump());
      return;
    }
    out_.line(fmt::format("segment {}: from record {}, {} bytes, written by {}, after {} and {} changes",
                          header.segment_id, header.first.value, file_bytes, to_string(header.start.origin),
                          to_string(header.start.context), header.start.changes));
  }
  void unused(std::uint64_t id, std::uint64_t file_bytes, const Status& why) {
    if (options_.json) {
      out_.line(Json{{"type", "unused"}, {"segment", id}, {"file_bytes", file_bytes}, {"why", why.message()}}.dump());
    } else {
      out_.line(fmt::format("segment {}: {} bytes, no records ({})", id, file_bytes, why.message()));
    }
  }
  Status record(std::uint64_t segment_id, const log::RecordView& record, std::uint64_t offset) {
    if (record.pos.value < options_.first) return {};
    std::optional<Commit> commit;
    if (record.kind == log::RecordKind::kCommit) {
      Result<Commit> decoded = decode_commit(record.body);
      if (!decoded) return decoded.error();
      commit = std::move(*decoded);
    }
    out_.line(options_.json ? json_line(segment_id, record, offset, commit) : text_line(record, offset, commit));
    return {};
  }
  void end(const log::Recovered& found) {
    const char* state = !found.damage.ok()     ? "damaged"
                        : found.torn_bytes > 0 ? "torn"
                        : found.clean          ? "closed"
                                               : "open";
    if (options_.json) {
      out_.line(Json{{"type", "end"},
                     {"last", found.last.value},
                     {"state", state},
                     {"torn_bytes", found.torn_bytes},
                     {"damage", found.damage.message()}}
                    .dump());
      return;
    }
    out_.line(fmt::format("end: last record {}, {}{}", found.last.value, state,
                          found.torn_bytes > 0 ? fmt::format(" ({} bytes)", found.torn_bytes) : ""));
  }

 private:
  static std::string json_line(std::uint64_t segment_id, const log::RecordView& record, std::uint64_t offset,
                               const std::optional<Commit>& commit) {
    Json line{{"type", "record"},
              {"pos", record.pos.value},
              {"segment", segment_id},
              {"offset", offset},
              {"bytes", record.bytes()},
              {"durable_before", record.durable_before().value},
              {"kind", log::record_kind_name(record.kind)}};
    if (commit) {
      line["dot"] = to_string(commit->dot);
      line["hlc"] = commit->hlc.bits;
      line["time"] = wall_time(commit->hlc);
      line["chain"] = fmt::format("{:016x}", commit->chain);
      if (commit->idempotency_key) put_bytes(line, "idempotency_key", *commit->idempotency_key);
      line["ops"] = Json::array();
      for (const Op& op : commit->ops) line["ops"].push_back(json_of(op));
    }
    return line.dump();
  }
  static std::string text_line(const log::RecordView& record, std::uint64_t offset,
                               const std::optional<Commit>& commit) {
    std::string line = fmt::format("{:>8}  {:>9}  {}", record.pos.value, offset, log::record_kind_name(record.kind));
    if (!commit) return line;
    line += fmt::format("  {}  {}", to_string(commit->dot), wall_time(commit->hlc));
    const char* between = "  ";
    for (const Op& op : commit->ops) {
      line += between + text_of(op);
      between = "; ";
    }
    return line;
  }

  const LogInspectOptions& options_;
  Output& out_;
};

struct SegmentPath {
  std::uint64_t id = 0;
  std::string path;
};

std::vector<SegmentPath> segments_in(const std::string& directory) {
  std::vector<SegmentPath> found;
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    if (const auto id = log::parse_segment_file_name(it->path().filename().string())) {
      found.push_back({*id, it->path().string()});
    }
  }
  std::sort(found.begin(), found.end(), [](const SegmentPath& a, const SegmentPath& b) { return a.id < b.id; });
  return found;
}

Result<Bytes> read_file(const std::string& path) {
  const Result<File> file = File::open(path, O_RDONLY);
  if (!file) return fail(file.error());
  const Result<std::uint64_t> bytes = file->size();
  if (!bytes) return fail(bytes.error());
  return file->read_at(0, *bytes);
}

// A log whose oldest segments were removed begins later than with record 1.
LogPos covered_before(const Bytes& first_segment, std::uint64_t id) {
  const Result<log::SegmentHeader> header = log::decode_segment_header(id, first_segment);
  return LogPos(header ? header->first.value - 1 : 0);
}

void print_segment(std::uint64_t id, const Bytes& bytes, Printer& printer) {
  const Result<log::SegmentHeader> header = log::decode_segment_header(id, bytes);
  if (!header) {
    printer.unused(id, bytes.size(), header.error());
    return;
  }
  printer.segment(*header, bytes.size());
  static_cast<void>(log::scan_records(
      id, bytes, header->header_bytes, header->first,
      [&](const log::RecordView& record, std::uint64_t offset) { return printer.record(id, record, offset); }));
}

Status check_commit(const log::RecordView& record) {
  if (record.kind != log::RecordKind::kCommit) return {};
  const Result<Commit> commit = decode_commit(record.body);
  return commit ? Status() : commit.error();
}

int complain(const std::string& text, int code) {
  fmt::print(stderr, "pando log inspect: {}\n", text);
  return code;
}

}  // namespace

int log_inspect(const LogInspectOptions& options) {
  std::vector<SegmentPath> segments = segments_in(options.directory);
  if (segments.empty()) segments = segments_in(options.directory + "/log");
  if (segments.empty()) return complain(fmt::format("{} holds no segments", options.directory), kExitNotALog);

  Output out;
  Printer printer(options, out);
  std::optional<log::Recovery> recovery;
  for (const SegmentPath& segment : segments) {
    const Result<Bytes> bytes = read_file(segment.path);
    if (!bytes) return complain(bytes.error().message(), kExitNotALog);
    // Printing shows what each file holds; recovery says whether together they are a log.
    if (!recovery) {
      recovery.emplace(log::RecoveryOptions{covered_before(*bytes, segment.id), segment.id}, check_commit);
    }
    print_segment(segment.id, *bytes, printer);
    static_cast<void>(recovery->feed(segment.id, *bytes));  // finish() says it again
    if (!out.open()) break;
  }
  if (!out.open()) return out.error() == 0 ? kExitWhole : complain(std::strerror(out.error()), kExitNotALog);
  const log::Recovered found = recovery->finish();
  printer.end(found);
  out.flush();
  if (!found.damage.ok()) return complain(found.damage.message(), kExitDamage);
  return kExitWhole;
}

}  // namespace pando::cli
