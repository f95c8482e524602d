// A result folder as several readers' layers, without opening its recording unless a reader counted
// with other parameters than those of the stored findings.
#pragma once

#include "app/cli/reviewed_case.h"
#include "modules/report/result_folder.h"

#include <optional>

namespace sensorium {

class CaseLayers {
public:
  // Throws Error as read_result_folder and ReviewLog::open.
  CaseLayers(Registry& registry, std::filesystem::path folder, Context context);

  const std::string& name() const { return name_; } // of the folder
  const std::vector<Event>& events() const { return log_.events; }
  const CaseLog& log() const { return log_; }
  const CaseResult& result() const { return result_; }
  const std::array<Spacing, 3>& spacing() const { return spacing_; }
  int slices() const { return slices_; }

  // Throws Error NotFound, naming the readers there are.
  Layer reader(const std::string& reader, bool with_proposed);
  Layer ai() const { return ai_layer_of(result_.findings); }
  CaseReading reading(const std::string& reader);

private:
  Registry& registry_;
  std::filesystem::path folder_;
  Context context_;
  std::string name_;
  CaseResult result_;
  CaseLog log_;
  std::array<Spacing, 3> spacing_;
  int slices_ = 0;
  std::optional<CaseRun> run_;
};

// The folder's name, also of "case/" and ".".
std::string case_name(const std::filesystem::path& folder);

}
