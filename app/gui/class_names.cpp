#include "app/gui/class_names.h"

namespace sensorium {

QStringList class_names(const Findings& findings) {
  QStringList out;
  for (const Table& table : findings.tables)
    for (std::size_t i = 0; table.name == "classes" && i < table.rows.size(); ++i)
      if (table.rows[i].size() >= 2) out << QString::fromStdString(table.rows[i][1]);
  return out;
}

QStringList labels_of(const CaseSession& session) {
  const PipelineInfo* info = session.pipeline();
  if (!info) return {};
  QStringList out;
  if (session.stage() == CaseSession::Stage::Analysed && session.findings().pipeline == info->id)
    out = class_names(session.findings());
  if (out.isEmpty())
    for (const std::string& label : info->labels) out << QString::fromStdString(label);
  return out;
}

}
