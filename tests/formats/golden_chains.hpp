// The two chains of tests/vectors/formats: one of four peers with a transfer in each form, an ABORT and
// disputes of both kinds, one of thirteen peers where the numbers of the protocol differ from each other.
#pragma once

#include "tests/formats/golden_world.hpp"

namespace bookchain::golden {

/// Four peers: m = 2, f = 1, q = 3, a = 2, A = 2, t = 2.
struct FourPeers {
  World world = make_world(4);
  Content number = make_value_book(world, PeerPort{5001}, 1, "1");
  Content other_number = make_value_book(world, PeerPort{5003}, 1, "7");
  Content story = make_book(world, PeerPort{5003}, 2, "A short story", "text/plain", book_text("A short story", 2500));
  Content empty = make_book(world, PeerPort{5002}, 1, "Ein leeres Büchlein 📕", "text/plain", {});
  Chain chain{world};

  FourPeers();
};

/// Thirteen peers: m = 11, f = 4, q = 9, a = 6, A = 7, t = 4.
struct ThirteenPeers {
  World world = make_world(13);
  Content number = make_value_book(world, PeerPort{5012}, 1, "18446744073709551615");
  Chain chain{world};

  ThirteenPeers();
};

}  // namespace bookchain::golden
