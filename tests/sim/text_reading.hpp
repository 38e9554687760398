// Rule C3 of docs/formats.md, read a second time.
#pragma once

#include "ledger/types.hpp"

namespace bookchain::sim::reading {

/// Whether these bytes are UTF-8 in its one form: characters up to U+10FFFF without surrogates, none longer than need
/// be.
[[nodiscard]] bool is_text(ledger::ByteView bytes);

}  // namespace bookchain::sim::reading
