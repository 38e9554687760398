// Errors as values. Every failure that a user or a peer can cause carries a stable token; the
// token alone decides the exit code. Bugs are assertions, never errors.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/success_failure.hpp>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <string_view>

namespace bookchain::ledger {

enum class Token : std::uint8_t {
  // 1: the environment failed
  io,
  disk_full,
  locked,
  permission,
  // 2: the command line cannot be understood
  usage,
  // 3: the protocol or a check says no
  self_exchange,
  not_owner,
  book_busy,
  wrong_sender,
  wrong_recipient,
  bad_signature,
  wrong_network,
  wrong_id,
  no_consensus,
  wrong_key,
  wrong_book,
  wrong_share,
  stale_version,
  stale_ballot,
  exchange_over,
  too_late,
  equivocation,
  unexpected,
  bad_statement,
  bad_chain,
  bad_work,
  no_quorum,
  not_a_test_network,
  book_too_large,
  home_exists,
  // 4: not found
  unknown_exchange,
  unknown_book,
  unknown_peer,
  unknown_message,
  unknown_evidence,
  no_such_file,
  home_missing,
  // 5: not yet
  wrong_step,
  waiting,
  over_quota,
  timeout,
  // 6: malformed input
  missing_key,
  repeated_key,
  unknown_key,
  bad_type,
  bad_value,
  bad_json,
  bad_config,
  ambiguous,
  bad_file,
  bad_message,
  // 130: Ctrl-C
  interrupted,
};

struct TokenInfo {
  Token token;
  std::string_view name;     ///< kebab-case, stable
  int exit_code;             ///< 1 to 6, or 130 where interrupted; see `bookchain help errors`
  std::string_view meaning;  ///< one line for `bookchain help errors`
};

/// All tokens, in the order of the enum.
[[nodiscard]] std::span<const TokenInfo> all_tokens();
[[nodiscard]] const TokenInfo& info(Token token);
[[nodiscard]] inline std::string_view name(Token token) { return info(token).name; }
[[nodiscard]] inline int exit_code(Token token) { return info(token).exit_code; }

/// `what` says what failed, without a final stop; `subject` is the thing it failed on, printed in
/// quotes; `hint` names a next step or is empty.
struct Error {
  Token token{};
  std::string what;
  std::string subject;
  std::string hint;
};

template <class T>
using Result = boost::outcome_v2::basic_result<T, Error, boost::outcome_v2::policy::terminate>;

using boost::outcome_v2::success;

/// What can be met where no result can be given, and lets nothing be decided: the state is damaged, or there is no
/// randomness. Ends the command: a transaction that is open is undone, what was committed before stands, and messages
/// that were not sent by then wait in the outbox.
class Abandoned : public std::exception {
 public:
  explicit Abandoned(Error error) : error_(std::move(error)) {}
  [[nodiscard]] const char* what() const noexcept override { return error_.what.c_str(); }
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  Error error_;
};

}  // namespace bookchain::ledger

#define BOOKCHAIN_CONCAT_INNER(a, b) a##b
#define BOOKCHAIN_CONCAT(a, b) BOOKCHAIN_CONCAT_INNER(a, b)

/// Returns the failure of `expression` from the enclosing function, or goes on.
#define BOOKCHAIN_CHECK(expression)                                                                                \
  if (auto BOOKCHAIN_CONCAT(checked_, __LINE__) = (expression); !BOOKCHAIN_CONCAT(checked_, __LINE__).has_value()) \
  return std::move(BOOKCHAIN_CONCAT(checked_, __LINE__)).as_failure()

/// Declares `declaration` with the value of `expression`, or returns its failure.
// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot stand in parentheses.
#define BOOKCHAIN_TRY(declaration, expression)                         \
  auto BOOKCHAIN_CONCAT(tried_, __LINE__) = (expression);              \
  if (!BOOKCHAIN_CONCAT(tried_, __LINE__).has_value())                 \
    return std::move(BOOKCHAIN_CONCAT(tried_, __LINE__)).as_failure(); \
  declaration = std::move(BOOKCHAIN_CONCAT(tried_, __LINE__)).value()
// NOLINTEND(bugprone-macro-parentheses)
