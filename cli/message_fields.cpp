#include "cli/message_fields.hpp"

#include "cli/printable.hpp"

namespace bookchain::cli {

using namespace ledger;

Json message_fields(const Message& message) {
  return std::visit([](const auto& held) { return fields_of(held); }, message);
}

Json note_fields(const transport::DeliveryNote& note) { return fields_of(note); }

namespace {

bool is_nested(const Json& value) { return (value.is_object() || value.is_array()) && !value.empty(); }

std::string scalar_text(const Json& value) {
  if (value.is_string()) return printable(value.get_ref<const std::string&>());
  if (value.is_null() || value.empty()) return "-";
  return value.dump();
}

}  // namespace

std::string fields_text(const Json& fields, std::size_t indent) {
  const std::string margin(indent, ' ');
  std::string text;
  std::size_t widest = 0;
  for (const auto& [name, value] : fields.items()) widest = is_nested(value) ? widest : std::max(widest, name.size());
  for (const auto& [name, value] : fields.items()) {
    if (!is_nested(value)) {
      text += margin + name + std::string(widest - name.size() + 2, ' ') + scalar_text(value) + "\n";
      continue;
    }
    if (value.is_object()) {
      text += margin + name + "\n" + fields_text(value, indent + 2);
      continue;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      const auto title = name + " " + std::to_string(i + 1) + " of " + std::to_string(value.size());
      text += value[i].is_object() ? margin + title + "\n" + fields_text(value[i], indent + 2)
                                   : margin + title + "  " + scalar_text(value[i]) + "\n";
    }
  }
  return text;
}

}  // namespace bookchain::cli
