#include "modules/io/recordings.h"

#include "modules/io/comtrade.h"
#include "modules/io/csv_recording.h"
#include "modules/io/npy_recording.h"
#include "modules/io/tdms.h"

namespace sensorium {
namespace fs = std::filesystem;
namespace {

using Head = std::span<const std::byte>;

// What a recording says about itself is known only after its samples were read or mapped.
template<class Load> void set_loaders(ReaderDefinition& reader, Load load) {
  reader.load = [load](const fs::path& path, const Context& context) -> Dataset {
    return load(path, context);
  };
  reader.header = reader.load;
}

ReaderDefinition csv_reader() {
  ReaderDefinition reader{.id = "csv_recording",
                          .title = "Table of numbers as text (CSV, TSV)",
                          .suffixes = {".csv", ".tsv", ".txt", ".dat"},
                          .hardened = true};
  reader.sniff = [](const fs::path&, Head head) { return sniff_csv_recording(head); };
  set_loaders(reader, load_csv_recording);
  return reader;
}

ReaderDefinition comtrade_reader() {
  ReaderDefinition reader{.id = "comtrade",
                          .title = "COMTRADE 1991, 1999, 2013",
                          .suffixes = {".cfg", ".dat", ".cff"},
                          .hardened = true};
  reader.sniff = sniff_comtrade;
  reader.load = [](const fs::path& path, const Context& context) -> Dataset {
    return load_comtrade(path, true, context);
  };
  reader.header = [](const fs::path& path, const Context& context) -> Dataset {
    return load_comtrade(path, false, context);
  };
  reader.companions = comtrade_companions;
  return reader;
}

ReaderDefinition npy_reader() {
  ReaderDefinition reader{.id = "npy_recording",
                          .title = "NumPy array of channels",
                          .suffixes = {".npy"},
                          .hardened = true};
  reader.sniff = [](const fs::path&, Head head) { return sniff_npy_recording(head); };
  set_loaders(reader, load_npy_recording);
  return reader;
}

ReaderDefinition tdms_reader() {
  ReaderDefinition reader{
      .id = "tdms", .title = "NI TDMS", .suffixes = {".tdms"}, .hardened = true};
  reader.sniff = [](const fs::path&, Head head) { return sniff_tdms(head); };
  set_loaders(reader, load_tdms);
  return reader;
}

}

std::vector<ReaderDefinition> recording_readers() {
  return {csv_reader(), comtrade_reader(), npy_reader(), tdms_reader()};
}

}
