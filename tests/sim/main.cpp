// The simulator's program (docs/simulator.md); `sim --help` lists the ways to run it.
// An option that the way of running does not know is refused, never another run than the one that was asked for.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <thread>

#include "tests/sim/campaigns.hpp"
#include "tests/sim/planted.hpp"
#include "tests/sim/running_plan.hpp"
#include "tests/sim/runs.hpp"

namespace {

using namespace bookchain::sim;  // NOLINT(google-build-using-namespace)

using Options = std::map<std::string, std::string, std::less<>>;

[[noreturn]] void misused(const std::string& what) {
  std::cerr << "sim: " << what << "\n";
  std::exit(2);
}

/// The ways to run it, each by the option that chooses it, with what else that one takes. The last is that of one plan.
struct Way {
  std::string_view name;
  std::string_view value;
  std::string_view what;
  std::vector<std::string_view> others;
};
const std::vector<Way>& ways() {
  static const std::vector<Way> all{
      {"regressions", "FILE", "plans that failed once, one a line, as options of --seed", {}},
      {"seeds",
       "N",
       "that many seeds, or as many as there is time for; one line of JSON",
       {"from", "seconds", "jobs", "bug"}},
      {"each-attack", "N", "every attack, that many seeds each, alone and among others", {"jobs"}},
      {"each-bug", "N", "every planted bug, or one, until it is found (sim_planted, sim_planted_curve)", {"bug"}},
      {"each-bug-in-ordinary-plans", "N", "the same, with plans that were not made for it", {"bug", "jobs"}},
      {"beyond", "N", "more liars than are borne, until what is promised breaks", {"bug"}},
      {"seed",
       "N",
       "one plan, that of the seed with parts replaced; all of a failure is told",
       {"peers", "villains", "exchanges", "books", "steps", "harshness", "faults", "attacks", "bug"}},
  };
  return all;
}

struct Option {
  std::string_view name;
  std::string_view value;
  std::string_view what;
};
constexpr std::string_view patience = "patience";
const std::vector<Option>& other_options() {
  static const std::vector<Option> all{
      {"from", "N", "the first seed (1)"},
      {"seconds", "N", "no new seed is begun after them"},
      {"jobs", "N", "threads (one a processor)"},
      {"bug", "NAME", "a planted bug that is switched on"},
      {"peers", "N", "4 to 64"},
      {"villains", "N", "of them, how many lie"},
      {"exchanges", "N", "requests that honest peers make"},
      {"books", "N", "at each peer from the start"},
      {"steps", "N", "events before the faults stop"},
      {"harshness", "N", "percent of the usual rates of faults"},
      {"faults", "LIST", "names with commas between them, or none"},
      {"attacks", "LIST", "the same"},
      {patience, "N", "seconds of a processor after which a plan counts as one that has no end (300)"},
  };
  return all;
}

template <class Kind>
void print_names(std::string_view title, std::size_t count) {
  std::cout << "\n" << title << "\n ";
  static constexpr std::size_t width = 100;
  std::size_t column = 1;
  for (std::size_t i = 0; i < count; ++i) {
    const auto word = name(static_cast<Kind>(i));
    if (column + 1 + word.size() > width) {
      std::cout << "\n ";
      column = 1;
    }
    std::cout << " " << word;
    column += 1 + word.size();
  }
  std::cout << "\n";
}

void print_help(const std::string& program) {
  for (const auto& way : ways()) {
    std::cout << program << " --" << way.name << " " << way.value;
    for (const auto other : way.others) {
      const auto& option = *std::ranges::find(other_options(), other, &Option::name);
      std::cout << " [--" << option.name << " " << option.value << "]";
    }
    std::cout << "\n    " << way.what << "\n";
  }
  std::cout << "\n";
  for (const auto& option : other_options()) {
    const auto shown = "--" + std::string(option.name) + " " + std::string(option.value);
    static constexpr int width = 15;
    std::cout << "  " << std::left << std::setw(width) << shown << " " << option.what
              << (option.name == patience ? "; with each of the above" : "") << "\n";
  }
  print_names<Fault>("faults:", fault_count);
  print_names<Attack>("attacks:", attack_count);
  print_names<Bug>("planted bugs:", bug_count);
}

void check_names(const Options& options, const Way& way) {
  for (const auto& [name, value] : options) {
    if (name != way.name && name != patience && std::ranges::count(way.others, name) == 0)
      misused("no option of --" + std::string(way.name) + ": --" + name);
  }
}

/// The way of running that the options ask for: one plan, if they name no other.
std::string_view way_of(const Options& options) {
  const auto chosen = std::ranges::find_if(ways(), [&](const Way& way) { return options.contains(way.name); });
  const auto& way = chosen == ways().end() ? ways().back() : *chosen;
  check_names(options, way);
  return way.name;
}

Options read_options(const std::vector<std::string>& words) {
  Options options;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (!words[i].starts_with("--") || i + 1 == words.size()) misused("options come as --name value: " + words[i]);
    if (!options.emplace(words[i].substr(2), words[i + 1]).second) misused("an option comes twice: " + words[i]);
  }
  return options;
}

std::uint64_t number(const Options& options, std::string_view name, std::uint64_t otherwise) {
  const auto found = options.find(name);
  if (found == options.end()) return otherwise;
  const auto& text = found->second;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) misused("no number: --" + found->first + " " + text);
  return value;
}

template <class Kind, std::size_t Count>
void read_set(const Options& options, std::string_view option, std::bitset<Count>& set) {
  const auto found = options.find(option);
  if (found == options.end()) return;
  set.reset();
  std::istringstream list(found->second);
  for (std::string item; std::getline(list, item, ',');) {
    if (item == "none") continue;
    const auto kind = from_name<Kind>(item, Count);
    if (!kind) misused("unknown in --" + found->first + ": " + item);
    set.set(static_cast<std::size_t>(*kind));
  }
}

std::optional<Bug> bug_from(const Options& options) {
  const auto found = options.find("bug");
  if (found == options.end()) return std::nullopt;
  const auto bug = from_name<Bug>(found->second, bug_count);
  if (!bug) misused("unknown bug: " + found->second);
  return bug;
}

Plan plan_with(std::optional<Bug> bug, std::uint64_t seed) { return bug ? plan_of(seed, *bug) : plan_of(seed); }

Plan plan_from(const Options& options) {
  const auto seed = number(options, "seed", 1);
  auto plan = plan_with(bug_from(options), seed);
  plan.peers = number(options, "peers", plan.peers);
  plan.villains = number(options, "villains", plan.villains);
  plan.exchanges = number(options, "exchanges", plan.exchanges);
  plan.books = number(options, "books", plan.books);
  plan.steps = number(options, "steps", plan.steps);
  plan.harshness = number(options, "harshness", plan.harshness);
  read_set<Fault>(options, "faults", plan.faults);
  read_set<Attack>(options, "attacks", plan.attacks);
  static constexpr std::size_t fewest_peers = 4;
  static constexpr std::size_t most_peers = 64;
  if (plan.peers < fewest_peers || plan.peers > most_peers) misused("a network has 4 to 64 peers");
  if (plan.villains >= plan.peers) misused("more liars than a network has peers beside an honest one");
  return plan;
}

void print_run(const Plan& plan, const RunResult& result) {
  std::printf("seed %llu: %llu steps, %llu exchanges, %llu committed, %llu blocks (%llu under faults), trace %016llx\n",
              static_cast<unsigned long long>(plan.seed), static_cast<unsigned long long>(result.steps),
              static_cast<unsigned long long>(result.counts.exchanges),
              static_cast<unsigned long long>(result.counts.committed),
              static_cast<unsigned long long>(result.counts.blocks),
              static_cast<unsigned long long>(result.counts.blocks_under_faults),
              static_cast<unsigned long long>(result.trace_hash));
}

int run_one(const Plan& plan, const std::string& program) {
  planted::switch_on(plan.bug);
  return run_and_tell(plan, program, [&](const RunResult& result) { print_run(plan, result); }) ? 0 : 1;
}

/// So many seeds must have seen everything that can go wrong.
constexpr std::uint64_t enough_for_all_kinds = 1000;

int run_seeds(std::uint64_t from, std::uint64_t count, std::optional<Bug> bug, const Effort& effort,
              const std::string& program) {
  planted::switch_on(bug);
  std::vector<Plan> plans;
  for (std::uint64_t seed = from; seed < from + count; ++seed) plans.push_back(plan_with(bug, seed));
  const auto start = std::chrono::steady_clock::now();
  const auto summary = run_all(plans, effort, program);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::cout << json_line(summary, seconds.count()) << std::endl;
  if (summary.seeds >= enough_for_all_kinds) {
    if (const auto missing = too_little(summary.counts)) {
      std::cerr << "sim: " << *missing << "\n";
      return 1;
    }
  }
  return summary.violations == 0 ? 0 : 1;
}

/// One plan a line, as options; a line that begins with # says what it was.
int run_regressions(const std::string& file, const std::string& program) {
  std::ifstream lines(file);
  if (!lines) misused("cannot read " + file);
  std::uint64_t failed = 0;
  std::uint64_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream text(line);
    std::vector<std::string> words;
    for (std::string word; text >> word;) words.push_back(word);
    const auto options = read_options(words);
    check_names(options, ways().back());
    failed += run_one(plan_from(options), program) == 0 ? 0 : 1;
    ++count;
  }
  if (count == 0) misused("no plan in " + file);
  std::cout << "regressions=" << count << " failed=" << failed << std::endl;
  return failed == 0 ? 0 : 1;
}

unsigned jobs_from(const Options& options) {
  const auto processors = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, most_plans_at_once);
  const auto jobs = number(options, "jobs", processors);
  if (jobs > most_plans_at_once) misused("more than " + std::to_string(most_plans_at_once) + " jobs");
  return static_cast<unsigned>(jobs);
}

int run(const std::string& program, const std::vector<std::string>& words) {
  const auto options = read_options(words);
  const auto way = way_of(options);
  if (options.contains(patience)) set_patience(std::max<std::uint64_t>(1, number(options, patience, 0)));
  const auto jobs = jobs_from(options);
  if (way == "regressions") return run_regressions(options.at("regressions"), program);
  if (way == "seeds") {
    Effort effort{jobs, 50};
    if (options.contains("seconds")) effort.seconds = static_cast<double>(number(options, "seconds", 0));
    return run_seeds(number(options, "from", 1), number(options, "seeds", 1), bug_from(options), effort, program);
  }
  if (way == "each-attack") return run_each_attack(number(options, "each-attack", 1), jobs, program);
  if (way == "each-bug") return run_each_bug(number(options, "each-bug", 1), bug_from(options), program);
  if (way == "each-bug-in-ordinary-plans")
    return run_each_bug_in_ordinary_plans(number(options, way, 1), bug_from(options), jobs);
  if (way == "beyond") return run_beyond(number(options, "beyond", 1), bug_from(options), program);
  return run_one(plan_from(options), program);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string program = argv[0];
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (std::ranges::find(words, "--help") != words.end()) {
      print_help(program);
      return 0;
    }
    const auto ending = run_in_child([&] { return run(program, words); });
    if (ending.is_death()) tell_death(ending, program);
    return ending.is_death() ? 1 : ending.status;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sim: %s\n", error.what());
    return 2;
  }
}
