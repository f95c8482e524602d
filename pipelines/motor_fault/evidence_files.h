// The evidence as files beside the findings: plots for the report, tables for other programs.
#pragma once

#include "modules/core/plots.h"
#include "pipelines/motor_fault/diagnose.h"

#include <memory>

namespace sensorium::motor_fault {

// Spectrum with the fault bands, I2/I1 over time with its two levels, Park's locus in the fault and
// outside it.
std::vector<Plot> plots_of(const Evidence& evidence, const MotorParameters& parameters);

// RFC 4180, units in the header.
std::string spectrum_csv(const Evidence& evidence);
std::string bands_csv(const Evidence& evidence, const MotorParameters& parameters);
std::string timeline_csv(const Evidence& evidence);

// plots.json, evidence_spectrum.csv, evidence_bands.csv, evidence_timeline.csv.
std::vector<ResultFile> evidence_files(std::shared_ptr<const Evidence> evidence,
                                       const MotorParameters& parameters);

}
