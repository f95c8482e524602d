// Masks, label maps, soft maps and images as NRRD and NIfTI, with the geometry of their source.
#pragma once

#include "modules/core/extension.h"

namespace sensorium::grid {

// gzip-encoded NRRD. Lengths in mm; an unknown one is 1 without "space units", and the key
// sensorium_scale says so. Throws Error Resources.
void write_nrrd(const WriteRequest& request, const std::filesystem::path& path);
// NIfTI-1 .nii.gz. Lengths in mm; an unknown one is 1, descrip tells which; xyzt_units is 0 when
// none is known. Names of label values: an extension of code 6, a value, a tab and a name a line.
// Throws Error Resources, and Unsupported for an extent above 32767.
void write_nifti(const WriteRequest& request, const std::filesystem::path& path);

}
