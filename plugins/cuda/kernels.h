// What the kernels are given, for both compilers. The names of the kernels: kernels.cu.
#pragma once

namespace sensorium::cuda {

struct ShrinkWork {
  const float* pictures;   // [picture][height][width]
  float* out;              // the same
  float* means;            // [picture][row][column]
  float* blocks;           // [picture][row][column][block][block]
  float* spectra;          // [picture][row][column][block][block / 2 + 1][2]
  const float* window;     // [block]
  const float* thresholds; // [picture][block][block / 2 + 1]
  unsigned pictures_count, width, height, block, rows, columns;
};

// Stored numbers: the values of modules/core/cube.h's SampleType.
struct SumWork {
  const void* stored;
  const int* places;     // [values]
  const double* weights; // [3][values]
  const float* dark;     // [sample][value], or null
  const float* gain;
  double* out; // [pixel][3]
  double offset[3];
  double ignored;
  unsigned long long line_step, sample_step;
  unsigned pixels, samples, values;
  int type, turned, has_ignored; // turned: the bytes of a number are in the other order
};

}
