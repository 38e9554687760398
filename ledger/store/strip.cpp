#include "ledger/store/strip.hpp"

#include <algorithm>

namespace bookchain::ledger {

namespace {

constexpr std::size_t head_bytes = sizeof(std::uint64_t) + sizeof(std::uint32_t);
constexpr std::size_t room = Strip::row_bytes - head_bytes;
constexpr std::array<std::uint8_t, room> zeros{};
/// Where a row is new, that many are made, so that of the next ones each is a page that is written over: to make one
/// changes three more.
constexpr std::uint64_t rows_made_together = 16;

[[noreturn]] void damaged_strip(Table place, std::string why) {
  damaged(place, Error{Token::bad_file, std::move(why), {}, {}});
}

template <class Number>
Number number_in(Table place, ByteView bytes) {
  const auto number = decode<Number>(bytes);
  if (!number) damaged(place, number.error());
  return number.value();
}

}  // namespace

Bytes Strip::read(const State& below) {
  first_ = rows_ = there_ = 0;
  last_.clear();
  if (const auto highest = below.last(place_, {})) there_ = number_in<std::uint64_t>(place_, highest->first);
  Bytes all;
  below.scan(place_, {}, {}, [&](ByteView key, ByteView value) {
    const auto place = number_in<std::uint64_t>(place_, key);
    if (place == 0) {
      first_ = number_in<std::uint64_t>(place_, value);
      return true;
    }
    if (value.size() != row_bytes) damaged_strip(place_, "a row has another size than all");
    const auto number = number_in<std::uint64_t>(place_, value.first(sizeof(std::uint64_t)));
    if (number <= first_) return false;  // it was cleared
    if (number != first_ + place) damaged_strip(place_, "a row has a number that none has here");
    const auto count = number_in<std::uint32_t>(place_, value.subspan(sizeof(std::uint64_t), sizeof(std::uint32_t)));
    if (place != rows_ + 1 || count > room)
      damaged_strip(place_, "a row is missing, or says that it holds more than it can");
    ++rows_;
    const auto content = value.subspan(head_bytes, count);
    last_.assign(content.begin(), content.end());
    all.insert(all.end(), content.begin(), content.end());
    return true;
  });
  return all;
}

void Strip::write_row(std::uint64_t place, std::uint64_t number, ByteView content, std::vector<Write>& writes) const {
  auto row = encode_with([&](auto& writer) {
    writer.write(number);
    writer.write(static_cast<std::uint32_t>(content.size()));
    writer.raw(content);
    writer.raw(ByteView(zeros).first(room - content.size()));
  });
  writes.push_back(Write{place_, encode(place), std::move(row)});
}

void Strip::write_last(std::vector<Write>& writes) {
  write_row(rows_, first_ + rows_, last_, writes);
  if (rows_ <= there_) return;
  there_ = rows_ + rows_made_together - 1;
  for (auto place = rows_ + 1; place <= there_; ++place) write_row(place, 0, {}, writes);
}

void Strip::append(ByteView bytes, std::vector<Write>& writes) {
  bool fits = rows_ > 0 && bytes.size() <= room - last_.size();
  while (!bytes.empty()) {
    if (!std::exchange(fits, false)) {
      ++rows_;
      last_.clear();
    }
    const auto part = bytes.first(std::min(bytes.size(), room));
    last_.insert(last_.end(), part.begin(), part.end());
    write_last(writes);
    bytes = bytes.subspan(part.size());
  }
}

void Strip::clear(std::vector<Write>& writes) {
  if (rows_ == 0) return;
  first_ += rows_;
  rows_ = 0;
  last_.clear();
  writes.push_back(Write{place_, encode(std::uint64_t{0}), encode(first_)});
}

}  // namespace bookchain::ledger
