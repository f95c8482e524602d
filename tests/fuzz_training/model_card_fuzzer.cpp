// What is read survives being written and read again.
#include "modules/core/error.h"
#include "modules/learn/model_card.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace sensorium;
  try {
    const ModelCard card =
        parse_card(std::string(reinterpret_cast<const char*>(data), size), "fuzz");
    const std::string text = to_json(card).dump();
    if (to_json(parse_card(text, "again")).dump() != text) __builtin_trap();
    (void)missing_in(card);
  } catch (const Error&) {
  }
  return 0;
}
