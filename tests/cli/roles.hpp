// Who is who in most exchanges that are played.
#pragma once

namespace bookchain::tests {

inline constexpr int requester = 5000;
inline constexpr int owner = 5001;
inline constexpr int witness = 5002;
inline constexpr int other_witness = 5003;

}  // namespace bookchain::tests
