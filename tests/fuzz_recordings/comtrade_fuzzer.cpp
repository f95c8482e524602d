// Any bytes as a COMTRADE .cff, and as the configuration of one.
#include "modules/io/comtrade.h"
#include "tests/fuzz_medical/one_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sensorium;
  try {
    parse_comtrade_config({reinterpret_cast<const char*>(data), size}, "fuzzed.cfg");
  } catch (const Error& e) {
    if (e.code() != ErrorCode::BadInput || e.hint().empty()) std::abort();
  }
  const auto path = fuzz::file_of(data, size, ".cff");
  try {
    validate(Dataset(load_comtrade(path, true, {})));
  } catch (const Error& e) {
    if (e.hint().empty()) std::abort();
  }
  return 0;
}
