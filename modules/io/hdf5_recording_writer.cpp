#include "modules/io/hdf5_id.h"
#include "modules/io/recording_writer.h"

#include <fmt/format.h>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

using hdf5::Id;

bool put_number(hid_t object, const char* name, double value) {
  const Id space(H5Screate(H5S_SCALAR), H5Sclose);
  const Id attribute(H5Acreate2(object, name, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT),
                     H5Aclose);
  return H5Awrite(attribute, H5T_NATIVE_DOUBLE, &value) >= 0;
}

bool put_text(hid_t object, const char* name, const std::string& text) {
  const Id space(H5Screate(H5S_SCALAR), H5Sclose), type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, std::max<std::size_t>(1, text.size()));
  H5Tset_cset(type, H5T_CSET_UTF8);
  const Id attribute(H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  return H5Awrite(attribute, type, text.data()) >= 0;
}

}

void write_recording_hdf5(const Recording& r, const SampleSpan& span, const fs::path& path,
                          const Context& context) {
  check_span(r, span);
  const std::lock_guard lock(hdf5::library());
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  DraftFile draft(path);
  {
    const Id file(H5Fcreate(draft.path().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
                  H5Fclose);
    if (file < 0) throw draft.failure();
    const auto names = variable_names(r);
    const hsize_t length = span.count;
    for (std::size_t c = 0; c < names.size(); ++c) {
      context.step(static_cast<double>(c) / static_cast<double>(names.size()), "writing");
      const Id space(H5Screate_simple(1, &length, nullptr), H5Sclose);
      const Id set(H5Dcreate2(file, names[c].c_str(), H5T_IEEE_F64LE, space, H5P_DEFAULT,
                              H5P_DEFAULT, H5P_DEFAULT),
                   H5Dclose);
      bool good = put_text(set, "name", r.channels[c].name);
      if (!r.channels[c].unit.empty()) good = good && put_text(set, "unit", r.channels[c].unit);
      if (r.rate.known())
        good =
            good && put_number(set, "sample_rate", r.rate.hertz) &&
            put_number(set, "start_s", r.start_s + static_cast<double>(span.first) / r.rate.hertz);
      each_block(r, c, span, [&](std::uint64_t at, std::span<const double> values) {
        const hsize_t from = at, count = values.size();
        const Id here(H5Screate_simple(1, &count, nullptr), H5Sclose);
        good = good &&
               H5Sselect_hyperslab(space, H5S_SELECT_SET, &from, nullptr, &count, nullptr) >= 0 &&
               H5Dwrite(set, H5T_NATIVE_DOUBLE, here, space, H5P_DEFAULT, values.data()) >= 0;
      });
      if (!good) throw draft.failure();
    }
    if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0) throw draft.failure();
  }
  draft.finish();
}

}
