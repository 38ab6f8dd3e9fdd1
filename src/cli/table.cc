#include "cli/table.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace pando::cli {
namespace {

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string_view escape(Tint tint) {
  switch (tint) {
    case Tint::kPlain: return "";
    case Tint::kDim: return "\x1b[2m";
    case Tint::kGood: return "\x1b[32m";
    case Tint::kWarning: return "\x1b[33m";
    case Tint::kBad: return "\x1b[31m";
    case Tint::kBold: return "\x1b[1m";
  }
  return "";
}

}  // namespace

std::string tinted(const std::string& text, Tint tint, bool colour) {
  return colour && tint != Tint::kPlain ? std::string(escape(tint)) + text + "\x1b[0m" : text;
}

std::string format_table(const std::vector<std::vector<TableCell>>& rows, bool colour) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i].text));
  }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const TableCell& cell = row[i];
      const std::string padding(widths[i] - width(cell.text), ' ');
      if (i > 0) out += "  ";
      if (cell.right) out += padding;
      out += tinted(cell.text, cell.tint, colour);
      if (!cell.right && i + 1 < row.size()) out += padding;
    }
    out += '\n';
  }
  return out;
}

bool colour_stdout() {
  const char* no_color = std::getenv("NO_COLOR");
  return ::isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

}  // namespace pando::cli
