#include "app/cli/case_layers.h"

#include "modules/core/error.h"
#include "modules/core/json_text.h"
#include "modules/report/result_folder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;

std::string case_name(const fs::path& folder) {
  const fs::path clean = fs::absolute(folder).lexically_normal();
  return clean.has_filename() ? clean.filename().string() : clean.parent_path().filename().string();
}

CaseLayers::CaseLayers(Registry& registry, fs::path folder, Context context)
    : registry_(registry), folder_(std::move(folder)), context_(std::move(context)),
      name_(case_name(folder_)) {
  StoredResult stored = read_result_folder(folder_, {});
  for (const std::string& file : stored.changed_files)
    context_.warn(fmt::format("{} of '{}' is not what was written", file, name_));
  result_ = std::move(stored.result);
  log_ = read_case_log(folder_);
  if (!log_.verification.intact)
    context_.warn(fmt::format("the review log of '{}': {}", name_, log_.verification.text));
  try {
    const json& spacing = result_.dataset.at("spacing");
    for (std::size_t i = 0; i < 3 && i < spacing.size(); ++i)
      spacing_[i] = spacing_from_json(spacing.at(i));
    slices_ = result_.dataset.value("depth", result_.dataset.value("frames", 0));
  } catch (const json::exception& e) {
    throw Error(
        ErrorCode::BadInput,
        fmt::format("'{}' is damaged: {}", (folder_ / "provenance.json").string(), json_fault(e)),
        "run the analysis again into a new folder");
  }
}

CaseReading CaseLayers::reading(const std::string& reader) {
  if (!reader.empty()) {
    const auto readers = readers_of(log_.events);
    if (std::find(readers.begin(), readers.end(), reader) == readers.end())
      throw Error(ErrorCode::NotFound, fmt::format("'{}' has no events in '{}'", reader, name_),
                  readers.empty() ? "the case has no review yet"
                                  : fmt::format("its readers are {}", fmt::join(readers, ", ")));
  }
  CaseReading out{result_.findings, fold(result_.findings, log_.events, reader, &spacing_)};
  bool same = true;
  for (const auto& [name, value] : out.review.parameters.items())
    same = same && result_.recipe.parameters.value(name, value) == value;
  if (same) return out;
  if (!run_) run_ = restore_case(registry_, folder_, context_);
  return reading_of(*run_, log_.events, reader);
}

Layer CaseLayers::reader(const std::string& reader, bool with_proposed) {
  const CaseReading read = reading(reader);
  return {reader, layer_of(read.review, with_proposed), read.review.count(FindingState::Proposed),
          layer_is_signed(log_.events, reader)};
}

}
