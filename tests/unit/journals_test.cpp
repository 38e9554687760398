// The two journals of a state, one over the other: which rows go where, and when. One by itself is tested in
// journal_store_test.cpp.
#include "tests/unit/stores.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

Write put_late(const Bytes& key, const Bytes& value) { return Write{Table::history, key, value}; }

/// As a home has them.
struct Both {
  MemoryStore below;
  Journals journals{below};
  Both() { journals.keep({.first = 1'000, .second = 10'000}); }
  void fill_first() { commit(journals.store(), {put({7}, Bytes(1'000, 7))}); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(journals)

BOOST_AUTO_TEST_CASE(rows_of_tables_that_wait_longer_go_from_the_first_journal_to_the_second) {
  Both state;
  commit(state.journals.store(), {put(a_key, {1}), put_late(a_key, {2})});
  commit(state.journals.store(), {put_late(another_key, {3})});
  BOOST_TEST(!is_empty(state.below, Table::journal));
  BOOST_TEST(is_empty(state.below, Table::late));
  state.fill_first();
  BOOST_TEST(is_empty(state.below, Table::journal));
  BOOST_TEST(!is_empty(state.below, Table::late));
  BOOST_TEST(rows_of(state.below, Table::facts) == 2U);
  BOOST_TEST(rows_of(state.below, Table::history) == 0U);
  BOOST_TEST((state.journals.store().get(Table::history, a_key) == Bytes{2}));
  // What is newer stands over it, and what is gone is gone.
  commit(state.journals.store(), {put_late(a_key, {4}), Write{Table::history, another_key, std::nullopt}});
  BOOST_TEST((state.journals.store().get(Table::history, a_key) == Bytes{4}));
  BOOST_TEST(!state.journals.store().get(Table::history, another_key));
  state.fill_first();
  BOOST_TEST(!is_empty(state.below, Table::late));
  BOOST_TEST((state.journals.store().get(Table::history, a_key) == Bytes{4}));
  BOOST_TEST(!state.journals.store().get(Table::history, another_key));
}

BOOST_AUTO_TEST_CASE(the_second_journal_goes_to_the_tables_when_it_is_full) {
  Both state;
  commit(state.journals.store(), {put_late(a_key, {1})});
  state.fill_first();
  commit(state.journals.store(), {put_late(another_key, Bytes(10'000, 2))});  // fills both
  BOOST_TEST(is_empty(state.below, Table::journal));
  BOOST_TEST(is_empty(state.below, Table::late));
  BOOST_TEST((state.below.get(Table::history, a_key) == Bytes{1}));
  BOOST_TEST((state.below.get(Table::history, another_key) == Bytes(10'000, 2)));
}

BOOST_AUTO_TEST_CASE(both_journals_are_settled_when_asked_and_by_who_keeps_none) {
  const auto is_settled = [](const Both& state) {
    BOOST_TEST(is_empty(state.below, Table::journal));
    BOOST_TEST(is_empty(state.below, Table::late));
    BOOST_TEST((state.below.get(Table::history, a_key) == Bytes{1}));
    BOOST_TEST((state.below.get(Table::history, another_key) == Bytes{2}));
  };
  const auto fill = [](Both& state) {
    commit(state.journals.store(), {put_late(a_key, {1})});
    state.fill_first();
    commit(state.journals.store(), {put_late(another_key, {2})});
    BOOST_TEST(!is_empty(state.below, Table::journal));
    BOOST_TEST(!is_empty(state.below, Table::late));
  };
  Both asked;
  fill(asked);
  require_success(asked.journals.settle());
  is_settled(asked);
  Both found;
  fill(found);
  Journals next(found.below);
  commit(next.store(), {put(a_key, {9})});
  is_settled(found);
}

BOOST_AUTO_TEST_CASE(a_commit_that_fails_loses_nothing_of_either_journal) {
  Both state;
  const auto both_say = [&] {
    for (Journals next(state.below); const auto* store : {&next.store(), &state.journals.store()}) {
      BOOST_TEST((store->get(Table::history, a_key) == Bytes{1}));
      BOOST_TEST((store->get(Table::history, another_key) == Bytes{2}));
      BOOST_TEST(!store->get(Table::history, Bytes{9}));
    }
  };
  commit(state.journals.store(), {put_late(a_key, {1})});
  state.fill_first();
  commit(state.journals.store(), {put_late(another_key, {2})});
  state.below.fail_next_commit(Error{Token::io, "no disk", {}, {}});
  BOOST_TEST(token_of(state.journals.settle()) == "io");
  BOOST_TEST(!is_empty(state.below, Table::journal));
  BOOST_TEST(!is_empty(state.below, Table::late));
  both_say();
  // One that fills both.
  require_success(state.journals.store().begin());
  state.journals.store().apply({put_late({9}, Bytes(10'000, 9))});
  state.below.fail_next_commit(Error{Token::disk_full, "no space", {}, {}});
  BOOST_TEST(token_of(state.journals.store().commit()) == "disk-full");
  BOOST_TEST(!is_empty(state.below, Table::journal));
  BOOST_TEST(!is_empty(state.below, Table::late));
  both_say();
  require_success(state.journals.settle());
  both_say();
}

BOOST_AUTO_TEST_CASE(a_second_journal_that_cannot_be_read_leaves_no_transaction_open) {
  Both state;
  commit(state.below, {Write{Table::late, encode(std::uint64_t{1}), Bytes{1, 2, 3}}});
  const auto names_it = [](const DamagedState& damage) {
    return damage.error().token == Token::bad_file && damage.error().subject.starts_with("late: ");
  };
  BOOST_CHECK_EXCEPTION((void)state.journals.store().begin(), DamagedState, names_it);
  state.journals.store().rollback();
  commit(state.below, {Write{Table::late, encode(std::uint64_t{1}), std::nullopt}});
  commit(state.journals.store(), {put_late(a_key, {1})});
  BOOST_TEST((state.journals.store().get(Table::history, a_key) == Bytes{1}));
}

// Nothing would ever replace what it says of others.
BOOST_AUTO_TEST_CASE(a_journal_with_rows_of_tables_that_are_not_its_own_is_a_damaged_state) {
  Both state;
  const auto about_facts = Bytes{static_cast<std::uint8_t>(Table::facts), 0, 0, 0, 0, 0};
  add_entry(state.below, Table::late, about_facts);
  BOOST_CHECK_THROW((void)state.journals.store().get(Table::facts, a_key), DamagedState);
}

BOOST_AUTO_TEST_SUITE_END()
