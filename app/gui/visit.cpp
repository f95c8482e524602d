#include "app/gui/visit.h"

#include "app/gui/case_review.h"
#include "app/gui/case_store.h"
#include "app/gui/json_fields.h"
#include "modules/report/result_folder.h"
#include "modules/review/reviewed.h"

namespace sensorium {
using nlohmann::json;

ShownVisit shown_visit(const CaseEntry& entry, std::shared_ptr<const Dataset> dataset,
                       const std::string& reader) {
  const StoredResult stored = read_result_folder(entry.folder, {});
  const CaseResult& result = stored.result;
  std::array<Spacing, 3> spacing;
  ShownVisit out{.visit = {}, .dataset = dataset, .surfaces = result.surfaces, .items = nullptr};
  Visit& v = out.visit;
  if (const auto* volume = std::get_if<Volume>(dataset.get())) {
    spacing = volume->spacing;
    v.laterality = volume->laterality;
    v.scale_known = volume->spacing[0].known();
    if (out.surfaces.empty()) out.surfaces = volume->surfaces;
  }
  const auto log = ReviewLog::open(entry.folder / "review.sqlite", ReviewLog::Mode::ReadOnly);
  const std::vector<Event> seen = visible_events(log->events(), reader);
  const ReviewState state = fold(result.findings, seen, speaking_consensus(seen), &spacing);
  v.name = entry.title.toStdString();
  v.patient = origin_of(*dataset).patient.id;
  v.pipeline = result.findings.pipeline;
  v.version = result.findings.version;
  v.model_sha256 =
      text_field(result.provenance.value("model", json::object()), "sha256").toStdString();
  v.parameters = result.findings.parameters();
  v.signed_case = state.is_signed();
  v.findings = reviewed_findings(result.findings, state).items;
  out.items = items_of(state, 0.5);
  return out;
}

}
