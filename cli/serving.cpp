#include "cli/serving.hpp"

#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>

#include "cli/selection.hpp"
#include "transport/socket_link.hpp"
#include "transport/spool_watch.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

/// inotify is a hint: the folders are looked at this often whatever it says.
constexpr microseconds rescan{1'000'000};
/// Requests of this peer's own that one turn makes.
constexpr std::size_t most_requests_a_turn = 64;
/// After a failure of the environment.
constexpr microseconds pause_after_failure{1'000'000};

std::atomic<int> caught_signal{0};
std::atomic<int> wake_descriptor{-1};

extern "C" void note_signal(int number) {
  caught_signal = number;
  const std::uint64_t one = 1;
  const int descriptor = wake_descriptor;
  if (descriptor >= 0) (void)!::write(descriptor, &one, sizeof one);
}

}  // namespace

StopSignals::StopSignals() {
  caught_signal = 0;
  wake_descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action {};
  action.sa_handler = note_signal;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

StopSignals::~StopSignals() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  const int descriptor = wake_descriptor.exchange(-1);
  if (descriptor >= 0) ::close(descriptor);
}

int StopSignals::caught() const { return caught_signal; }
int StopSignals::descriptor() const { return wake_descriptor; }

namespace {

/// One run of serve_home: what it has seen so far.
class Serving {
 public:
  Serving(const Session& session, Home& home, const StopSignals& signals, const ServePlan& plan)
      : session_(session),
        home_(home),
        signals_(signals),
        plan_(plan),
        watch_(transport::SpoolWatch::open(home.files().spool, watched_files(home))),
        wakes_(::epoll_create1(EPOLL_CLOEXEC)),
        began_(Clock::now()),
        active_(began_) {
    wake_by(signals.descriptor());
    if (plan.requests != nullptr) wake_by(request_descriptor_ = plan.requests->descriptor());
    if (plan.recover_after && plan.policy.steps) recovery_.emplace(*plan.recover_after);
    if (home.sockets() == nullptr) return;
    home.sockets()->watch(wakes_.get());
    home.sockets()->watch(watch_.descriptor());
  }

  [[nodiscard]] Result<ServeEnd> run() {
    auto end = serve();
    tell_requests(Error{Token::interrupted, "serve ended before it was decided, and it was not made", {}, {}});
    return end;
  }

 private:
  [[nodiscard]] Result<ServeEnd> serve() {
    if (is_beside()) home_.wake_server();
    home_.keep_journals();
    if (!plan_.until_idle && !plan_.at_most && !plan_.done) home_.lengthen_log();
    for (;;) {
      // Peers on this machine go first, if they have something to do: more waits then for one turn.
      ::sched_yield();
      microseconds pause = rescan;
      take_requests();
      auto report = home_.courier().turn({}, plan_.policy, asked_.wishes);
      // Peers on this machine that it wrote to go first as well, unless somebody here waits for what this turn tells.
      const bool tells = !asked_.wishes.empty() || !report || !report.value().events.empty();
      if (!tells && !report.value().sent.empty()) ::sched_yield();
      if (!report || !report.value().wishes_wait) tell_requests(report);
      if (report) {
        {
          const Reading reading(home_.store());
          took_turn(report.value());
          pause = next_pause(report.value());
        }
        if (did_more()) pause = next_pause(report.value());
      } else {
        if (plan_.until_idle) {
          deliver_postponed();
          return std::move(report).as_failure();
        }
        tell_failure(report.error());
        pause = pause_after_failure;
      }
      if (const auto end = ended()) {
        deliver_postponed();
        settle();
        return *end;
      }
      if (rests()) settle();
      home_.release();
      if (pause > microseconds{0}) {
        const auto rests = Clock::now();
        rest(pause);
        home_.environment().put_forward(std::min(since(rests), pause));  // however late it woke
      }
      BOOKCHAIN_TRY(const auto end, take_home());
      if (end) return *end;
    }
  }

  /// Somebody may work long on this home: it is their turn. Gives how it ended if a signal comes, or the time that was
  /// given is over, meanwhile.
  [[nodiscard]] Result<std::optional<ServeEnd>> take_home() {
    std::optional<ServeEnd> end;
    const auto stop = [&] {
      end = stopped();
      return end.has_value();
    };
    auto taken = home_.take(stop);
    while (!taken && !end) {
      if (plan_.until_idle) return std::move(taken).as_failure();
      tell_failure(taken.error());
      taken = home_.take(stop);
    }
    return taken ? std::nullopt : end;
  }

  /// Another process serves this home over sockets: it sends, and this one sees what it makes of the state.
  [[nodiscard]] bool is_beside() const { return home_.sockets() != nullptr && home_.sockets()->is_beside(); }

  [[nodiscard]] static std::vector<path> watched_files(Home& home) {
    std::vector<path> files{home.files().lock_file()};
    if (home.sockets() != nullptr && home.sockets()->is_beside()) {
      files.push_back(home.files().state_file().string() + "-wal");
    }
    return files;
  }

  void rest(microseconds pause) {
    // At its end it can be read for ever.
    if (request_descriptor_ >= 0 && plan_.requests->descriptor() < 0) {
      (void)::epoll_ctl(wakes_.get(), EPOLL_CTL_DEL, std::exchange(request_descriptor_, -1), nullptr);
    }
    if (home_.sockets() == nullptr) return watch_.wait(pause, wakes_.get());
    home_.sockets()->wait(pause);
    watch_.clear();
  }

  void wake_by(int descriptor) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (descriptor >= 0) (void)::epoll_ctl(wakes_.get(), EPOLL_CTL_ADD, descriptor, &event);
  }

  /// Requests that were read and are not decided.
  struct Asked {
    std::vector<Wish> wishes;
    std::vector<std::uint64_t> lines;  ///< of each wish
  };

  /// The next lines of requests, to be decided with all else that waits; what names no book that can be asked for is
  /// told at once and stops no other.
  void take_requests() {
    if (plan_.requests == nullptr) return;
    auto lines = plan_.requests->take(most_requests_a_turn - asked_.wishes.size());
    if (lines.empty()) return;
    active_ = Clock::now();
    const Reading reading(home_.store());
    for (auto& line : lines) {
      auto book = line.request ? book_of(line.request.value()) : Result<BookId>(std::move(line.request).error());
      if (!book) {
        tell_request(line.number, {std::nullopt, std::move(book).error()});
        continue;
      }
      asked_.wishes.emplace_back(home_.courier().make_request(line.request.value().owner, book.value()));
      asked_.lines.push_back(line.number);
    }
  }

  [[nodiscard]] Result<BookId> book_of(const RequestStream::Wanted& wanted) {
    return book_to_request(home_.genesis(), home_.store(), home_.port(), wanted.owner, wanted.selector);
  }

  /// If the turn failed, none of them was made.
  void tell_requests(const Result<transport::Report>& turn) {
    const auto asked = std::exchange(asked_, {});
    for (std::size_t i = 0; i < asked.lines.size(); ++i) {
      tell_request(asked.lines[i], turn ? turn.value().wishes[i] : transport::WishReport{std::nullopt, turn.error()});
    }
  }

  void tell_request(std::uint64_t line, const transport::WishReport& wish) {
    Json event{{"event", "request"}, {"line", line}};
    std::string text = "request of line " + std::to_string(line) + ": ";
    if (wish.exchange) {
      plan_.requests->count(nullptr);
      event["exchange"] = to_hex(*wish.exchange);
      text += short_id(*wish.exchange);
    } else {
      event["exchange"] = nullptr;
      const auto error = wish.error.value_or(Error{Token::io, "a request was made and left no trace", {}, {}});
      plan_.requests->count(&error);
      event["token"] = ledger::name(error.token);
      event["reason"] = sentence(error);
      text += session_.report().bad("refused") + ": " + sentence(error);
    }
    if (!session_.report().event(event, text)) unheard_ = true;
  }

  void took_turn(const transport::Report& report) {
    // A peer that holds a package up keeps nobody here: what counts is that packages come on.
    const auto steps = home_.sockets() == nullptr ? 0 : home_.sockets()->package_steps();
    const bool busy = std::exchange(package_steps_, steps) != steps;
    // A step that fails is tried again and again: nothing has happened by that.
    const bool stepped = std::ranges::any_of(report.steps, [](const auto& step) { return !step.error; });
    if (!report.received.empty() || stepped || !report.sent.empty() || report.more_waits || busy)
      active_ = Clock::now();
    if (!report.sent.empty() && is_beside()) home_.wake_server();
    for (const auto& [port, error] : report.undelivered) tell_failure(error);
    for (const auto& error : report.troubles) tell_failure(error);
    if (report.undelivered.empty() && report.troubles.empty()) told_.clear();
    if (!plan_.tell) return;
    const Reading reading(home_.store());
    if (!plan_.tell(report)) unheard_ = true;
  }

  /// What does not come from others. Gives whether it can have changed the state.
  [[nodiscard]] bool did_more() {
    bool changed = false;
    if (plan_.after_turn) {
      if (const auto more = plan_.after_turn(); !more) tell_failure(more.error());
      changed = true;
    }
    if (recovery_) {
      recovery_->go_on(
          home_,
          [&](const transport::Report& taken) {
            took_turn(taken);
            changed = true;
          },
          [&](const Error& error) {
            tell_failure(error);
            changed = true;
          });
    }
    return changed;
  }

  /// The last that a process does which goes on no more.
  void deliver_postponed() {
    if (!home_.courier().has_postponed()) return;
    const auto delivered = home_.courier().deliver();
    if (!delivered) return tell_failure(delivered.error());
    took_turn(delivered.value());
  }

  /// Nothing happened here for a while, nor at another process of this home.
  [[nodiscard]] bool rests() {
    if (since(active_) < rescan || is_beside()) return false;
    const auto before = std::exchange(foreign_commits_, home_.store().foreign_commits());
    if (before != foreign_commits_) others_active_ = Clock::now();
    return since(others_active_) >= rescan;
  }

  void settle() {
    const auto settled = home_.settle();
    const auto text = settled ? std::string() : sentence(settled.error());
    if (!settled && text != unsettled_) session_.report().error(settled.error());
    unsettled_ = text;
  }

  void tell_failure(const Error& error) {
    const auto text = sentence(error);
    if (told_ == text) return;
    told_ = text;
    session_.report().error(error);
  }

  /// How long nothing need be done.
  [[nodiscard]] microseconds next_pause(const transport::Report& report) {
    if (report.more_waits || (plan_.requests != nullptr && plan_.requests->has_waiting())) return microseconds{0};
    auto pause = rescan;
    const auto until = [&](microseconds left) { pause = std::max(std::min(pause, left), microseconds{0}); };
    if (const auto wake = home_.courier().next_wake()) {
      const auto now = home_.environment().now();
      until(now < *wake ? microseconds(std::min<std::uint64_t>(wake->value - now.value, 1'000'000))
                        : microseconds{1000});
    }
    if (plan_.until_idle && !has_more_to_do()) until(*plan_.until_idle - since(active_) + microseconds{1000});
    if (plan_.at_most) until(*plan_.at_most - since(began_) + microseconds{1000});
    return pause;
  }

  /// By a signal, or because the time that was given is over.
  [[nodiscard]] std::optional<ServeEnd> stopped() const {
    if (signals_.caught() == SIGINT) return ServeEnd::interrupted;
    if (signals_.caught() != 0) return ServeEnd::terminated;
    if (plan_.at_most && since(began_) >= *plan_.at_most) return ServeEnd::timed_out;
    return std::nullopt;
  }

  /// A back-off that still runs, or mail and requests that wait for the next turn.
  [[nodiscard]] bool has_more_to_do() const {
    return home_.courier().is_lingering() || home_.node().is_backing_off(home_.store());
  }

  [[nodiscard]] bool is_idle() const {
    return plan_.until_idle && since(active_) >= *plan_.until_idle && !has_more_to_do();
  }

  [[nodiscard]] std::optional<ServeEnd> ended() {
    if (signals_.caught() != 0) return stopped();
    if (unheard_) return ServeEnd::unheard;
    if (plan_.done && plan_.done()) return ServeEnd::done;
    if (is_idle()) return ServeEnd::idle;
    return stopped();
  }

  [[nodiscard]] static microseconds since(Clock::time_point time) {
    return std::chrono::duration_cast<microseconds>(Clock::now() - time);
  }

  const Session& session_;
  Home& home_;
  const StopSignals& signals_;
  const ServePlan& plan_;
  transport::SpoolWatch watch_;
  Descriptor wakes_;             ///< can be read when a signal or a request came
  int request_descriptor_ = -1;  ///< among them
  Asked asked_;
  std::optional<Recovery> recovery_;
  Clock::time_point began_;
  Clock::time_point active_;
  std::uint64_t package_steps_ = 0;
  std::string told_;
  std::string unsettled_;  ///< why
  std::uint64_t foreign_commits_ = 0;
  Clock::time_point others_active_{};
  bool unheard_ = false;
};

}  // namespace

Result<ServeEnd> serve_home(const Session& session, Home& home, const StopSignals& signals, const ServePlan& plan) {
  return Serving(session, home, signals, plan).run();
}

}  // namespace bookchain::cli
