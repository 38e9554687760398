// Test vectors that others wrote: Project Wycheproof's and the Community Cryptography Test Vectors. They
// are not part of this repository: BOOKCHAIN_VECTORS names the folder that holds them, and where it is not
// set each of these tests says aloud that it was skipped.
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "ledger/crypto.hpp"
#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)
using nlohmann::json;

/// The vectors of one file, or nothing where there are none. A folder that is named must hold the file.
std::optional<json> vectors(const std::string& file) {
  const char* folder = std::getenv("BOOKCHAIN_VECTORS");
  if (folder == nullptr || !boost::filesystem::is_directory(folder)) {
    BOOST_TEST_MESSAGE("SKIPPED: no outside vectors; set BOOKCHAIN_VECTORS to the folder of " << file);
    BOOST_TEST(true);
    return std::nullopt;
  }
  return json::parse(text_of(read_file(path(folder) / file)));
}

Bytes field(const json& test, const char* name) { return hex(test.at(name).get<std::string>()); }

std::set<std::string> flags_of(const json& test) {
  const auto& flags = test.at("flags");
  return flags.is_array() ? flags.get<std::set<std::string>>() : std::set<std::string>{};
}

/// Whether a case of Wycheproof is to be taken, where `acceptable` leaves no choice.
bool is_valid(const json& test) {
  BOOST_REQUIRE(test.at("result") != "acceptable");
  return test.at("result") == "valid";
}

/// Runs `check` on every case of a Wycheproof file, which must hold as many as it says.
void each_case(const std::string& file, const std::function<void(const json& group, const json& test)>& check) {
  const auto all = vectors(file);
  if (!all) return;
  std::size_t count = 0;
  for (const auto& group : all->at("testGroups")) {
    for (const auto& test : group.at("tests")) {
      BOOST_TEST_CONTEXT(file << " case " << test.at("tcId")) { check(group, test); }
      ++count;
    }
  }
  BOOST_TEST(count == all->at("numberOfTests").get<std::size_t>());
  BOOST_TEST_MESSAGE(file << ": " << count << " cases");
}

/// A value of a type that fixes its size; nothing if the bytes are of another: refused by the type.
template <class Fixed>
std::optional<Fixed> of_size(const json& test, const char* name) {
  return fixed_from_hex<Fixed>(test.at(name).get<std::string>());
}

void check_signature_case(const json& group, const json& test) {
  const auto key = of_size<VerifyKey>(group.at("publicKey"), "pk");
  const auto signature = of_size<Signature>(test, "sig");
  BOOST_REQUIRE(key);
  BOOST_TEST((signature && verify(*key, field(test, "msg"), *signature)) == is_valid(test));
}

void check_agreement_case(const json& /*group*/, const json& test) {
  const auto own = of_size<AgreementKey>(test, "private");
  const auto point = of_size<AgreementPoint>(test, "public");
  BOOST_REQUIRE(own);
  BOOST_REQUIRE(point);
  const auto secret = agree(*own, *point);
  if (flags_of(test).contains("ZeroSharedSecret")) {
    BOOST_TEST(token_of(secret) == "bad-value");
  } else {
    BOOST_TEST(to_hex(value_of(secret)) == test.at("shared").get<std::string>());
  }
}

void check_seal_case(const json& /*group*/, const json& test) {
  const auto key = of_size<SealKey>(test, "key");
  const auto nonce = of_size<SealNonce>(test, "iv");
  BOOST_REQUIRE(key);
  if (!nonce) {
    BOOST_TEST(!is_valid(test));
    return;
  }
  const auto associated = field(test, "aad");
  const auto message = field(test, "msg");
  auto expected = field(test, "ct");
  const auto tag = field(test, "tag");
  expected.insert(expected.end(), tag.begin(), tag.end());
  SealCipher cipher(*key);
  const auto opened = cipher.open(*nonce, associated, expected);
  if (is_valid(test)) {
    BOOST_TEST(to_hex(value_of(opened)) == to_hex(message));
  } else {
    BOOST_TEST(token_of(opened) == "bad-signature");
  }
  BOOST_TEST((cipher.seal(*nonce, associated, message) == expected) == is_valid(test));
}

void check_derivation_case(const json& /*group*/, const json& test) {
  const auto size = test.at("size").get<std::size_t>();
  // More than RFC 5869 allows is a bug of the caller here, see hkdf_sha256: the vectors must agree.
  const bool allowed = size <= std::size_t{255} * 32;
  BOOST_TEST(allowed == is_valid(test));
  if (!allowed) return;
  const auto output = hkdf_sha256(field(test, "ikm"), field(test, "salt"), field(test, "info"), size);
  BOOST_TEST(to_hex(output) == test.at("okm").get<std::string>());
}

void check_mac_case(const json& group, const json& test) {
  const auto mac = hmac_sha256(field(test, "key"), {field(test, "msg")});
  const auto shown = mac.view().first(group.at("tagSize").get<std::size_t>() / 8);
  BOOST_TEST(equal_in_constant_time(shown, field(test, "tag")) == is_valid(test));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(outside_vectors)

BOOST_AUTO_TEST_CASE(every_ed25519_case_of_wycheproof_comes_out_right) {
  each_case("wycheproof_ed25519.json", check_signature_case);
}

BOOST_AUTO_TEST_CASE(every_x25519_case_of_wycheproof_comes_out_right) {
  each_case("wycheproof_x25519.json", check_agreement_case);
}

BOOST_AUTO_TEST_CASE(every_xchacha20_poly1305_case_of_wycheproof_comes_out_right) {
  each_case("wycheproof_xchacha20_poly1305.json", check_seal_case);
}

BOOST_AUTO_TEST_CASE(every_hkdf_case_of_wycheproof_comes_out_right) {
  each_case("wycheproof_hkdf_sha256.json", check_derivation_case);
}

BOOST_AUTO_TEST_CASE(every_hmac_case_of_wycheproof_comes_out_right) {
  each_case("wycheproof_hmac_sha256.json", check_mac_case);
}

// Points of small order and encodings that are not canonical are refused whatever the equation says. Of the
// rest this verifier does not multiply by the cofactor: what holds only up to a point of small order
// (`low_order_residue`) is refused, all else is good.
BOOST_AUTO_TEST_CASE(the_ed25519_edge_cases_of_cctv_come_out_as_their_flags_say) {
  const auto all = vectors("cctv_ed25519.json");
  if (!all) return;
  static const std::set<std::string> refused_flags{"low_order_A", "low_order_R", "non_canonical_A", "non_canonical_R"};
  std::size_t refused = 0;
  std::size_t taken = 0;
  for (const auto& test : *all) {
    const auto flags = flags_of(test);
    const bool unsound = std::ranges::any_of(flags, [](const auto& flag) { return refused_flags.contains(flag); });
    const auto key = of_size<VerifyKey>(test, "key");
    const auto signature = of_size<Signature>(test, "sig");
    BOOST_REQUIRE(key);
    BOOST_REQUIRE(signature);
    const bool good = verify(*key, view_of(test.at("msg").get<std::string>()), *signature);
    BOOST_TEST(good == (!unsound && !flags.contains("low_order_residue")), "case " << test.at("number"));
    if (flags.contains("low_order_A") || flags.contains("non_canonical_A")) {
      BOOST_TEST(!is_sound(*key), "case " << test.at("number"));
    }
    ++(good ? taken : refused);
  }
  BOOST_TEST(taken > 0U);
  BOOST_TEST(refused > 800U);
  BOOST_TEST_MESSAGE("cctv_ed25519.json: " << taken << " taken, " << refused << " refused");
}

BOOST_AUTO_TEST_SUITE_END()
