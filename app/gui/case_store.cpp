#include "app/gui/case_store.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/recipe.h"

#include <nlohmann/json.hpp>

#include <QFileInfo>
#include <QSettings>
#include <QStandardPaths>

#include <algorithm>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr const char* state_names[] = {"new", "analysed", "in review", "signed"};

QString text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string()
             ? QString::fromStdString(found->get<std::string>())
             : QString();
}

fs::path path_of(const QString& text) { return fs::path(text.toStdString()); }

}

QString text_of(CaseState state) { return state_names[static_cast<int>(state)]; }

bool CaseEntry::complete() const {
  return fs::exists(folder / "recipe.json") && fs::exists(folder / "findings.json");
}

CaseStore::CaseStore(fs::path root) : root_(std::move(root)) {
  if (root_.empty())
    root_ = path_of(QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation)) /
            "sensorium" / "cases";
}

fs::path CaseStore::folder_for(const QString& sha256, const QString& pipeline) const {
  return root_ /
         (sha256.left(12) + "-" + (pipeline.isEmpty() ? QString("none") : pipeline)).toStdString();
}

CaseEntry CaseStore::read(const fs::path& folder) {
  CaseEntry entry;
  entry.folder = folder;
  if (fs::exists(folder / "case.json")) {
    const json object = json::parse(read_text(folder / "case.json", 1 << 20), nullptr, false);
    if (!object.is_object())
      throw Error(ErrorCode::BadInput, "'" + (folder / "case.json").string() + "' is damaged",
                  "open the recording itself again");
    entry.source = text(object, "source");
    entry.sha256 = text(object, "sha256");
    entry.pipeline = text(object, "pipeline");
    entry.opened = QDateTime::fromString(text(object, "opened"), Qt::ISODate);
    const auto found = std::find(std::begin(state_names), std::end(state_names),
                                 text(object, "state").toStdString());
    entry.state = found == std::end(state_names)
                      ? CaseState::New
                      : static_cast<CaseState>(found - std::begin(state_names));
  } else {
    const Recipe recipe = read_recipe(folder / "recipe.json");
    if (recipe.inputs.empty())
      throw Error(ErrorCode::BadInput, "'" + folder.string() + "' names no recording",
                  "choose a result folder");
    entry.source = QString::fromStdString(recipe.inputs.front().path);
    entry.sha256 = QString::fromStdString(recipe.inputs.front().sha256);
    entry.pipeline = QString::fromStdString(recipe.pipeline);
    entry.state = CaseState::Analysed;
  }
  entry.title = QFileInfo(entry.source).fileName();
  return entry;
}

std::vector<CaseEntry> CaseStore::cases() const {
  std::vector<CaseEntry> out;
  std::error_code code;
  for (const auto& item : fs::directory_iterator(root_, code)) {
    if (!item.is_directory(code)) continue;
    try {
      out.push_back(read(item.path()));
    } catch (const std::exception&) { // a folder that is no case is not listed
    }
  }
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return a.opened > b.opened; });
  return out;
}

void CaseStore::remember(const CaseEntry& entry) const {
  make_folder(entry.folder);
  const json object{{"format", "sensorium-case"},
                    {"version", 1},
                    {"source", entry.source.toStdString()},
                    {"sha256", entry.sha256.toStdString()},
                    {"pipeline", entry.pipeline.toStdString()},
                    {"state", text_of(entry.state).toStdString()},
                    {"opened", entry.opened.toUTC().toString(Qt::ISODateWithMs).toStdString()}};
  write_atomically(entry.folder / "case.json", object.dump(1) + "\n");
}

// A folder without samples.json: each recording in it, by its name.
static std::vector<Sample> samples_without_list(const fs::path& folder) {
  std::vector<Sample> out;
  std::error_code code;
  for (const auto& item : fs::directory_iterator(folder, code)) {
    const std::string suffix = item.path().extension().string();
    if (suffix != ".nrrd" && suffix != ".nii" && suffix != ".vol" && suffix != ".mha" &&
        suffix != ".dcm")
      continue;
    const QString id = QString::fromStdString(item.path().stem().string());
    QString title = QString(id).replace('_', ' ');
    title.replace("oct", "OCT").replace(0, 1, title.left(1).toUpper());
    fs::path picture = item.path();
    picture.replace_extension(".png");
    out.push_back({.id = id,
                   .title = title,
                   .caption = "Made by the program: phantom, not a patient",
                   .pipeline = {},
                   .file = item.path(),
                   .picture = fs::exists(picture) ? picture : fs::path(),
                   .analysed = {}});
  }
  std::sort(out.begin(), out.end(), [](const Sample& a, const Sample& b) { return a.id < b.id; });
  return out;
}

std::vector<Sample> bundled_samples() {
  std::vector<Sample> out;
  const fs::path folder = resources_folder() / "samples";
  if (!fs::exists(folder / "samples.json")) return samples_without_list(folder);
  const json list = json::parse(read_text(folder / "samples.json", 1 << 20), nullptr, false);
  if (!list.is_array()) return out;
  for (const json& item : list) {
    if (!item.is_object()) continue;
    Sample s{.id = text(item, "id"),
             .title = text(item, "title"),
             .caption = text(item, "caption"),
             .pipeline = text(item, "pipeline"),
             .file = folder / path_of(text(item, "file")),
             .picture = {},
             .analysed = {}};
    if (const QString picture = text(item, "picture"); !picture.isEmpty())
      s.picture = folder / path_of(picture);
    if (const QString ready = text(item, "analysed"); !ready.isEmpty())
      s.analysed = folder / path_of(ready);
    if (fs::exists(s.file)) out.push_back(std::move(s));
  }
  return out;
}

QStringList recent_files() { return QSettings().value("recent").toStringList(); }

void remember_recent(const QString& path) {
  QStringList list = recent_files();
  list.removeAll(path);
  list.prepend(path);
  while (list.size() > 10) list.removeLast();
  QSettings().setValue("recent", list);
}

}
