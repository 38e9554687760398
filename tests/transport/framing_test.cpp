// Frames: whatever the pieces in which bytes come, the frames are the same; a length or kind that cannot be is
// refused before anything is kept.
#include "transport/framing.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/transport/pair.hpp"
#include "transport/channel.hpp"

namespace bookchain::transport::tests {

BOOST_AUTO_TEST_SUITE(framing)

constexpr std::size_t most = 4096;

ExchangeId exchange(std::uint8_t fill) {
  ExchangeId id;
  id.bytes.fill(fill);
  return id;
}

/// One frame of every kind.
Bytes one_of_each() {
  Bytes out;
  const Bytes envelope(seal_overhead, 7);
  put_frame(out, FrameKind::message, {envelope});
  put_packaged(out, PackagedMessage{exchange(1), ByteView(envelope).first(3), envelope});
  put_frame(out, FrameKind::offer, PackageOffer{exchange(2), 1'000'000});
  put_frame(out, FrameKind::want, PackageWant{exchange(2), 500});
  put_part(out, PackagePart{exchange(2), 500, ByteView(envelope)});
  put_frame(out, FrameKind::no_further, {exchange(2).view()});
  put_frame(out, FrameKind::all_sent, Mark{9});
  put_frame(out, FrameKind::all_answered, Mark{9});
  return out;
}

/// What a reader makes of bytes that come `step` at a time; stops at the first fault.
std::vector<Frame> frames_of(const Bytes& bytes, std::size_t step) {
  FrameReader reader(most);
  std::vector<Frame> frames;
  for (std::size_t place = 0; place < bytes.size(); place += step) {
    auto left = ByteView(bytes).subspan(place, std::min(step, bytes.size() - place));
    while (!left.empty()) {
      auto frame = reader.take(left);
      if (!frame) return frames;
      if (frame.value()) frames.push_back(std::move(*frame.value()));
    }
  }
  return frames;
}

/// The token with which the head of a frame is refused, or "taken".
std::string taken(std::uint8_t kind, std::uint32_t length) {
  Bytes head = encode(length);
  head.push_back(kind);
  FrameReader reader(most);
  ByteView left(head);
  const auto frame = reader.take(left);
  return frame ? "taken" : std::string(name(frame.error().token));
}

BOOST_AUTO_TEST_CASE(frames_come_out_the_same_whatever_the_pieces) {
  const auto bytes = one_of_each();
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{5}, std::size_t{64}, bytes.size()}) {
    const auto frames = frames_of(bytes, step);
    BOOST_REQUIRE_EQUAL(frames.size(), 8U);
    for (std::size_t i = 0; i < frames.size(); ++i) BOOST_TEST(static_cast<std::size_t>(frames[i].kind) == i + 1);
    BOOST_TEST((decode<PackageOffer>(frames[2].body).value() == PackageOffer{exchange(2), 1'000'000}));
    const auto part = read_part(frames[4].body);
    BOOST_TEST(part.offset == 500U);
    BOOST_TEST(part.bytes.size() == seal_overhead);
    const auto packaged = read_packaged(frames[1].body);
    BOOST_REQUIRE(packaged.has_value());
    BOOST_TEST(packaged.value().package.size() == 3U);
    BOOST_TEST(packaged.value().envelope.size() == seal_overhead);
  }
}

BOOST_AUTO_TEST_CASE(a_frame_that_is_cut_short_gives_nothing) {
  const auto bytes = one_of_each();
  Bytes first(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(frame_head_bytes + seal_overhead));
  BOOST_TEST(frames_of(first, 7).size() == 1U);
  first.pop_back();
  BOOST_TEST(frames_of(first, 7).empty());
}

BOOST_AUTO_TEST_CASE(a_length_that_the_kind_cannot_have_is_refused_from_its_head_alone) {
  BOOST_TEST(taken(1, static_cast<std::uint32_t>(most + 1)) == "taken");
  BOOST_TEST(taken(1, static_cast<std::uint32_t>(most + 2)) == "bad-message");
  BOOST_TEST(taken(1, 0xffffffffU) == "bad-message");
  BOOST_TEST(taken(1, 0) == "bad-message");
  BOOST_TEST(taken(1, static_cast<std::uint32_t>(seal_overhead)) == "bad-message");
  BOOST_TEST(taken(3, 41) == "taken");
  BOOST_TEST(taken(3, 42) == "bad-message");
  BOOST_TEST(taken(5, static_cast<std::uint32_t>(41 + max_part_bytes)) == "taken");
  BOOST_TEST(taken(5, static_cast<std::uint32_t>(42 + max_part_bytes)) == "bad-message");
  BOOST_TEST(taken(5, 41) == "bad-message");
  BOOST_TEST(taken(6, 33) == "taken");
  BOOST_TEST(taken(7, 10) == "bad-message");
}

BOOST_AUTO_TEST_CASE(an_unknown_kind_is_refused) {
  for (const int kind : {0, 9, 255}) BOOST_TEST(taken(static_cast<std::uint8_t>(kind), 41) == "bad-message");
}

BOOST_AUTO_TEST_CASE(a_package_beside_a_message_ends_within_its_frame) {
  Bytes out;
  const Bytes envelope(seal_overhead, 7);
  put_packaged(out, PackagedMessage{exchange(1), ByteView(envelope), envelope});
  Bytes body(out.begin() + static_cast<std::ptrdiff_t>(frame_head_bytes), out.end());
  BOOST_TEST(read_packaged(body).has_value());
  const std::size_t length_at = ExchangeId::size;
  for (const std::uint32_t length : {std::uint32_t{0xffffffff}, static_cast<std::uint32_t>(max_small_package + 1),
                                     static_cast<std::uint32_t>(2 * seal_overhead + 1)}) {
    const auto wrong = encode(length);
    std::copy(wrong.begin(), wrong.end(), body.begin() + static_cast<std::ptrdiff_t>(length_at));
    BOOST_TEST(!read_packaged(body).has_value(), length);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests
