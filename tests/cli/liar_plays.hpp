// How it is seen what becomes of the honest ones, of lies that one exchange beside one liar does not show: one
// function a kind.
#pragma once

#include "tests/cli/one_liar.hpp"

namespace bookchain::tests::liars {

void grant_twice(const Case& each);
void release_and_abort(const Case& each);
void hide_a_lock(const Case& each);
void give_a_false_share(const Case& each);
void deal_false_shares(const Case& each);
void sell_twice(const Case& each);
void cut_a_package(const Case& each);
void swap_chunks(const Case& each);

}  // namespace bookchain::tests::liars
