// Labelled windows for training and evaluation.
#pragma once

#include "pipelines/motor_fault/diagnose.h"

namespace sensorium::motor_fault {

struct Example {
  Window window;
  int label = 0;
  std::string group; // the file, or the synthetic machine: never in training and test at once
};

// `machines` synthetic recordings for each class, of seeds first_seed on; half of them with an
// onset inside, half faulty throughout; disturbances, noise and clipping differ from one to the
// next.
std::vector<Example> synthetic_examples(int first_seed, int machines, const Context& context);

// A recording of the ITSC set, named SC_HLT_003 or SC_A0_B2_C0_002.
struct LabelledFile {
  std::filesystem::path path;
  int label = 0, repetition = 0;
  std::vector<Example> windows; // as the pipeline would judge them: judged_section()
  std::vector<Example> outside; // windows that lie wholly outside that section; labelled alike
  bool changes = false;         // whether the recording's own course shows a fault
  double change = 0;            // of I2/I1
};
// The same window as it looks in a recording that holds nothing but the fault.
Example without_reference(Example example);

// Nothing for another name.
std::optional<std::pair<int, int>> label_of_name(const std::string& stem);
// Files, or folders of files; others are left out. rate: of files that do not say it. Throws Error
// NotFound when nothing is labelled.
std::vector<LabelledFile> labelled_files(const std::vector<std::string>& paths, double rate,
                                         const Context& context);

}
