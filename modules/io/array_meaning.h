// What the arrays of a MAT or HDF5 file mean: a cube, a recording, an image. The file's own words
// decide, then a note beside it, then the numbers; what was inferred is said.
#pragma once

#include "modules/core/context.h"
#include "modules/core/cube.h"
#include "modules/core/recording.h"
#include "modules/io/array_file.h"
#include "modules/io/bytes.h"

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sensorium {

// What a person says of an array file, in FILE.view.json beside it. All keys may be left out.
struct ArrayView {
  bool present = false;
  std::string as;                     // "cube", "recording", "image"; empty: not said
  std::vector<std::string> variables; // of a cube one
  // The axes of the variable in their order: "lines", "samples", "bands", "pixels"; of a recording
  // "time", "channels".
  std::vector<std::string> axes;
  int lines = 0, samples = 0; // where one axis is all pixels
  std::string pixels; // "rows" or "columns": what runs fastest along that axis; empty: inferred
  std::string wavelengths; // a variable
  std::string unit;        // of the wavelengths, or of all channels
  std::optional<double> rate_hz, reflectance_scale, ignore_value;
};
std::filesystem::path view_path(const std::filesystem::path& file);
// Throws Error BadInput naming the key.
ArrayView view_of(const std::filesystem::path& file);
// For ReaderDefinition::companions.
std::vector<std::string> view_companion(const std::filesystem::path& file);

// Which variable is the cube, how its axes run, and why.
struct CubeChoice {
  const NamedArray* array = nullptr;
  int lines = 0, samples = 0, bands = 0;
  std::array<std::uint64_t, 3> stride{};
  std::vector<double> wavelengths;
  std::string wavelength_unit, wavelength_source;
  std::vector<Fact> facts;
  std::vector<std::string> warnings;
  bool certain = false; // the file or the view says that it is a cube
};
// Nothing where no variable can be a cube. An array of three axes without any word in the file is a
// cube, not certain, when its numbers behave like one (spectral_share). Throws Error BadInput for a
// view that contradicts the file.
std::optional<CubeChoice> find_cube(const ArrayFile& file, const ArrayView& view,
                                    const Context& context);
Cube cube_of(const ArrayFile& file, const CubeChoice& choice, const ArrayView& view,
             Samples samples, const Context& context);

// The share of an array's variance that the means along each axis explain, of up to 24 values an
// axis: spectra make the bands' means differ far more than those of lines or samples.
std::array<double, 3> axis_shares(const ArrayFile& file, const NamedArray& array,
                                  const Context& context);

struct RecordingChoice {
  std::vector<const NamedArray*> arrays; // several vectors, or one array of channels
  const NamedArray* times = nullptr;
  SampleRate rate;
  bool certain = false; // the file states a rate or times, or the view says that it is a recording
};
std::optional<RecordingChoice> find_recording(const ArrayFile& file, const ArrayView& view);
Recording recording_of(const ArrayFile& file, const RecordingChoice& choice, const ArrayView& view,
                       const Context& context);

}
