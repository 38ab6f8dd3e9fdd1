// cli/help.h — texts that explain the commands, with examples.
#pragma once

#include <string>
#include <string_view>

namespace pando::cli {

// Of one verb (or an alias of it), or the overview for the empty topic. Empty for an unknown one.
std::string_view help_text(std::string_view topic);

}  // namespace pando::cli
