// io/http/hub.h — what the connections of one server share: options, sink, counts, buffers, coarse time.
#pragma once

#include <cstdint>
#include <map>

#include "api/lob_transfer.h"
#include "api/rest.h"
#include "io/http/http_server.h"

namespace pando::io::http {

class Hub {
 public:
  Hub(const HttpOptions& o, HttpSink& s) : options(o), sink(s), load(*options.load) {}
  virtual ~Hub() = default;

  const HttpOptions options;
  HttpSink& sink;
  HttpStats stats;
  HttpLoad& load;
  api::Rest rest;
  Bytes scratch;            // body of the answer being built
  std::int64_t now_us = 0;  // monotonic, as of the last tick

  void count_watch(int by) {
    stats.watches_open += static_cast<std::uint64_t>(by);
    load.watches.fetch_add(static_cast<std::size_t>(by), std::memory_order_relaxed);
  }
  // Bytes of bodies that are buffered; the sum of all.
  std::size_t count_body(std::size_t more, std::size_t less) {
    return load.bodies_bytes.fetch_add(more - less, std::memory_order_relaxed) + more - less;
  }

  // tag (8 bits) slot (24 bits) serial (32 bits): finds the connection again without a table.
  std::uint64_t new_id(std::uint32_t slot) {
    if (++serial_ == 0) ++serial_;
    return std::uint64_t{options.id_tag} << 56 | std::uint64_t{slot} << 32 | serial_;
  }
  static std::uint32_t slot_of(std::uint64_t id) { return static_cast<std::uint32_t>(id >> 32) & 0xFFFFFF; }

  // The client of an upload went away: its transaction is aborted without it. `outstanding` is the request
  // that was not answered yet, 0 when none.
  virtual void adopt(std::string ns, api::LobUpload upload, RequestId outstanding) = 0;
  // The connection closed; its slot may be used again.
  virtual void remove(std::uint32_t slot) = 0;
  // For the Date field.
  virtual std::string_view date() = 0;

 private:
  std::uint32_t serial_ = 0;
};

}  // namespace pando::io::http
