// cli/table.h — rows of text in aligned columns, coloured when a person looks on.
#pragma once

#include <string>
#include <vector>

namespace pando::cli {

enum class Tint : unsigned char { kPlain, kDim, kGood, kWarning, kBad, kBold };

struct TableCell {
  std::string text;
  Tint tint = Tint::kPlain;
  bool right = false;  // numbers
};

// Columns are two spaces apart; the last one is not padded. Widths count UTF-8 characters.
std::string format_table(const std::vector<std::vector<TableCell>>& rows, bool colour);

// The text in that colour, or as it is.
std::string tinted(const std::string& text, Tint tint, bool colour);

// Whether to colour standard output: a terminal, and no NO_COLOR (https://no-color.org).
bool colour_stdout();

}  // namespace pando::cli
