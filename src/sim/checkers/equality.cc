#include "sim/checkers/equality.h"

#include <fmt/core.h>

#include "sim/machine.h"

namespace pando::sim {

void Equality::on_outputs(const Machine& machine, const node::Outputs& outputs) {
  for (const node::Note& note : outputs.notes) {
    if (note.text.find("though both have seen the same") == std::string::npos) continue;
    violation(fmt::format("{}/{}: {}", machine.name(), note.ns, note.text));
  }
}

}  // namespace pando::sim
