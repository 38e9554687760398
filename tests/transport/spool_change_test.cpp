// What lies in a spool and is written over, or exchanged for something else, while it is read: its size stays the same,
// or its name does. What was read is what lay there at some moment, or is refused; nothing is waited for.
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "ledger/store/shelf.hpp"
#include "tests/things.hpp"
#include "tests/transport/spools.hpp"

namespace bookchain::transport::tests {

using bookchain::tests::all_things;
using bookchain::tests::make_thing;

BOOST_AUTO_TEST_SUITE(spool_change)

/// Does something again and again until it ends.
class Meddler {
 public:
  explicit Meddler(const std::function<void()>& meddle)
      : thread_([this, meddle] {
          while (!stop_) meddle();
        }) {}
  ~Meddler() {
    stop_ = true;
    thread_.join();
  }
  Meddler(const Meddler&) = delete;
  Meddler& operator=(const Meddler&) = delete;

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

/// A delivery of messages of one letter each, so many bytes in all.
Bytes mail_of(char letter, std::size_t message_size, std::size_t all) {
  Bytes mail(mail_magic.begin(), mail_magic.end());
  while (mail.size() < all) {
    const auto left = all - mail.size() - mail_frame_bytes;
    const auto size = left < message_size + mail_frame_bytes + seal_overhead ? left : message_size;
    const auto length = encode(static_cast<std::uint32_t>(size));
    mail.insert(mail.end(), length.begin(), length.end());
    mail.insert(mail.end(), size, static_cast<std::uint8_t>(letter));
  }
  return mail;
}

/// Writes one delivery over the other, a page at a time.
class Overwriting {
 public:
  explicit Overwriting(const fs::path& file)
      : file_(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), meddler_([this] { write_both(); }) {}

  [[nodiscard]] bool is_one_of_both(const Bytes& mail) const { return mail == many_ || mail == few_; }
  static constexpr std::size_t size = std::size_t{256} << 10U;
  static Bytes first() { return mail_of('a', seal_overhead, size); }

 private:
  void write_both() const {
    constexpr std::size_t page = 4096;
    for (const auto* mail : {&many_, &few_}) {
      for (std::size_t at = 0; at < size; at += page) {
        (void)!::pwrite(file_.get(), mail->data() + at, std::min(page, size - at), static_cast<off_t>(at));
      }
    }
  }

  const Bytes many_ = first();
  const Bytes few_ = mail_of('b', 3'000, size);
  Descriptor file_;
  Meddler meddler_;
};

BOOST_FIXTURE_TEST_CASE(a_delivery_whose_bytes_change_while_it_is_read_is_read_once_and_never_beyond_its_size, Spools) {
  const auto file = folder / "delivery";
  BOOST_REQUIRE(write_file_durably(file, Overwriting::first(), 0600).has_value());
  const Overwriting overwriting(file);
  bool was_mixed = false;
  for (int tries = 0; tries < 10'000 && !was_mixed; ++tries) {
    const auto read = read_foreign(AT_FDCWD, file.string(), file, Overwriting::size);
    BOOST_REQUIRE(read.has_value());
    BOOST_REQUIRE(read.value().size() == Overwriting::size);
    was_mixed = !overwriting.is_one_of_both(read.value());
    const auto messages = parse_mail(read.value(), most);
    if (!messages) continue;
    std::size_t bytes = mail_magic.size();
    for (const auto& each : messages.value()) bytes += each.size() + mail_frame_bytes;
    BOOST_TEST(bytes == Overwriting::size);
  }
  BOOST_TEST(was_mixed);
}

BOOST_FIXTURE_TEST_CASE(a_delivery_whose_bytes_change_while_it_is_taken_in_is_taken_or_put_aside_as_one, Spools) {
  write(inbox() / "changing", std::string(Overwriting::size, 'x'));
  const Overwriting overwriting(inbox() / "changing");
  for (int tries = 0; tries < 20; ++tries) {
    const auto parcels = receive();
    BOOST_REQUIRE(parcels.size() == 1U);
    if (parcels[0].fault) {
      BOOST_TEST((parcels[0].fault->token == Token::bad_file));
      BOOST_TEST(parcels[0].envelopes.empty());
      fs::rename(bad() / "changing", inbox() / "changing");
    } else {
      BOOST_TEST(parcels[0].envelopes.size() <= Overwriting::size / seal_overhead);
    }
  }
}

/// Exchanges what has a name for each of several things in turn.
class Exchanging {
 public:
  Exchanging(const fs::path& name, std::vector<fs::path> others)
      : name_(name.string()), others_(std::move(others)), meddler_([this] { exchange_all(); }) {}
  /// Not every file system can do that.
  [[nodiscard]] bool works() const { return works_; }

 private:
  void exchange_all() {
    for (const auto& other : others_) {
      // There, and back again.
      for (int way = 0; way < 2; ++way) {
        if (::renameat2(AT_FDCWD, name_.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) != 0) works_ = false;
      }
    }
  }

  std::string name_;
  std::vector<fs::path> others_;
  std::atomic<bool> works_ = true;
  Meddler meddler_;
};

BOOST_FIXTURE_TEST_CASE(a_delivery_that_is_exchanged_for_other_things_is_one_of_them_or_none, Spools) {
  const auto first_mail = mail_of('a', 100, 5'000);
  const auto second_mail = mail_of('b', 200, 9'000);
  const auto name = folder / "name";
  write(name, {first_mail.begin(), first_mail.end()});
  fs::create_directories(folder / "elsewhere");
  std::vector<fs::path> others{folder / "second", folder / "elsewhere"};
  write(others[0], {second_mail.begin(), second_mail.end()});
  for (const auto thing : all_things) {
    const auto at = folder / ("other-" + name_of(thing));
    if (make_thing(thing, at, folder / "second")) others.push_back(at);
  }
  std::size_t firsts = 0;
  std::size_t seconds = 0;
  std::size_t refused = 0;
  const Exchanging exchanging(name, others);
  // Whoever exchanges them has to get the processor, too, on a machine that does other things.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < end && (firsts == 0 || seconds == 0 || refused < 100)) {
    const auto read = read_foreign(AT_FDCWD, name.string(), name, 100'000);
    if (!read) {
      // Where a file system has no devices, nobody may open one.
      const bool is_refused = read.error().token == Token::bad_file || read.error().token == Token::permission;
      BOOST_TEST(is_refused, read.error().what);
      ++refused;
    } else if (read.value() == first_mail) {
      ++firsts;
    } else if (read.value() == second_mail) {
      ++seconds;
    } else {
      BOOST_TEST((read.value() == bytes_of("rubbish")));
    }
  }
  if (!exchanging.works()) {
    BOOST_TEST_MESSAGE("this file system exchanges no names");
    return;
  }
  BOOST_TEST(firsts > 0U);
  BOOST_TEST(seconds > 0U);
  BOOST_TEST(refused > 0U);
}

BOOST_FIXTURE_TEST_CASE(what_was_opened_is_read_whatever_has_its_name_by_then, Spools) {
  for (const auto thing : all_things) {
    write(inbox() / "delivery", "what was opened");
    const auto opened = open_foreign(AT_FDCWD, (inbox() / "delivery").string(), inbox() / "delivery");
    BOOST_REQUIRE(opened.has_value());
    fs::remove(inbox() / "delivery");
    if (!make_thing(thing, inbox() / "delivery", folder / "elsewhere")) continue;
    Bytes bytes(100);
    bytes.resize(read_up_to(opened.value().get(), bytes, "delivery").value());
    BOOST_TEST((bytes == bytes_of("what was opened")), thing);
    fs::remove(inbox() / "delivery");
  }
}

/// Takes in until nothing comes any more; how many faults were told, or nothing if there is no end of it.
std::optional<std::size_t> faults_to_the_end(SpoolLink& link) {
  std::size_t faults = 0;
  for (int turn = 0; turn < 100; ++turn) {
    const auto parcels = link.receive(7);
    BOOST_REQUIRE(parcels.has_value());
    for (const auto& parcel : parcels.value()) faults += parcel.fault ? 1U : 0U;
    if (parcels.value().empty() && link.waiting().empty()) return faults;
  }
  return std::nullopt;
}

/// What had been listed stayed so, and a command that takes in all that waits never ended.
BOOST_FIXTURE_TEST_CASE(a_folder_that_is_exchanged_while_it_is_taken_in_is_told_once_and_keeps_nobody, Spools) {
  for (const auto& place : {inbox(), inbox().parent_path()}) {
    for (const auto thing : all_things) {
      for (int i = 10; i < 40; ++i) write(inbox() / std::to_string(i), "x");
      BOOST_TEST(receive(7).size() == 7U);
      fs::rename(place, folder / "before");
      if (make_thing(thing, place, folder / "elsewhere")) {
        BOOST_TEST((faults_to_the_end(*second) == 1U), place << " is a " << thing);
        fs::remove(place);
        BOOST_TEST((faults_to_the_end(*second) == 0U), "nothing is there");
      }
      fs::rename(folder / "before", place);
      BOOST_TEST((faults_to_the_end(*second) == 23U), "what waits there is taken in again");
    }
  }
}

BOOST_FIXTURE_TEST_CASE(that_no_file_can_be_opened_here_is_a_failure_and_nothing_is_passed_over, Spools) {
  for (int i = 10; i < 40; ++i) write(inbox() / std::to_string(i), "x");
  BOOST_TEST(receive(7).size() == 7U);
  rlimit before{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit none{0, before.rlim_max};
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto failed = second->receive(7);
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  BOOST_TEST((failed.has_error() && failed.error().token == Token::io));
  BOOST_TEST((faults_to_the_end(*second) == 23U));
}

/// A book of which a package lies in the spool.
struct Granted : Spools {
  ExchangeId exchange;
  Book book;
  fs::path home = folder / "home";
  fs::path package;

  Granted() {
    exchange.bytes.fill(7);
    const auto text = folder / "book.txt";
    write(text, std::string(5'000, 'b'));
    auto owner = Shelf::open(folder / "owner").value();
    BookId id;
    id.bytes.fill(4);
    BookKey key;
    key.bytes.fill(5);
    const auto measured = owner.draft_from_file(text, 1024, 10'000, {}).value();
    BOOST_REQUIRE(owner.keep_draft(measured.draft, id).has_value());
    book = Book{1, "A title", "text/plain", measured.size, 1024, measured.root};
    BOOST_REQUIRE(owner.write_package(id, book, exchange, key).has_value());
    package = owner.package_path(exchange);
  }
  [[nodiscard]] fs::path waiting() const { return inbox() / package_name(exchange); }
  /// What comes of a package that was exchanged after it had been opened, and before it is moved into the home.
  Result<ReceivedPackage> take_after(const std::function<void()>& meddle) const {
    fs::remove_all(waiting());
    fs::copy_file(package, waiting());
    fs::permissions(waiting(), fs::perms(0600));
    const auto source = second->open_package(PeerPort{5000}, exchange);
    BOOST_REQUIRE(source.has_value());
    meddle();
    auto shelf = Shelf::open(home).value();
    auto taken = shelf.take_package(exchange, *source.value(), book, nullptr);
    shelf.forget_package(exchange);
    return taken;
  }
};

BOOST_FIXTURE_TEST_CASE(a_package_that_is_exchanged_between_opening_and_moving_is_none, Granted) {
  BOOST_TEST(take_after([] {}).has_value());
  const auto elsewhere = folder / "elsewhere";
  write(elsewhere, "not to be read or moved");
  const auto put_away = [&] { fs::rename(waiting(), folder / "put-away"); };
  for (const auto thing : all_things) {
    bool was_made = false;
    const auto taken = take_after([&] {
      put_away();
      was_made = make_thing(thing, waiting(), elsewhere);
    });
    if (was_made) BOOST_TEST((taken.has_error() && taken.error().token == Token::wrong_book), thing);
  }
  const auto folder_instead = take_after([&] {
    put_away();
    fs::create_directories(waiting() / "deep");
  });
  BOOST_TEST((folder_instead.has_error() && folder_instead.error().token == Token::wrong_book));
  // Another file of the same size is measured where it lies then.
  const auto other = take_after([&] {
    put_away();
    write(waiting(), std::string(fs::file_size(package), 'x'));
  });
  BOOST_TEST((other.has_error() && other.error().token == Token::wrong_book));
  // What has no name any more cannot be moved: it is copied as it was opened.
  BOOST_TEST(take_after([&] {
               fs::remove(waiting());
               fs::create_symlink(elsewhere, waiting());
             }).has_value());
  BOOST_TEST(fs::file_size(elsewhere) == std::string("not to be read or moved").size());
  BOOST_TEST(take_after([] {}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests
