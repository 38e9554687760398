#include "tests/sim/planted.hpp"

#include "tests/sim/checked_signature.hpp"

namespace bookchain::sim::planted {

namespace {
std::optional<Bug> present;
}  // namespace

void switch_on(std::optional<Bug> bug) {
  present = bug;
  accept_malleable(is_on(Bug::malleable_accepted));
}

bool is_on(Bug bug) { return present == bug; }

bool forgets(const ledger::ShelfTask& task) {
  return is_on(Bug::book_not_removed) && task.action == ledger::ShelfAction::remove_book;
}

}  // namespace bookchain::sim::planted
