// Where the window keeps cases: one folder each, named after the input's hash and the pipeline,
// below the user's data folder. case.json beside the result names the source file and the state
// shown in the list.
#pragma once

#include <QDateTime>
#include <QString>
#include <QStringList>

#include <filesystem>
#include <vector>

namespace sensorium {

enum class CaseState { New, Analysed, InReview, Signed };

struct CaseEntry {
  std::filesystem::path folder;
  QString source; // the file's path
  QString title;  // the file's name; never patient text
  QString sha256, pipeline;
  CaseState state = CaseState::New;
  QDateTime opened;
  bool complete() const; // has findings: can be restored without running
};
QString text_of(CaseState state);

class CaseStore {
public:
  // Empty: the user's data folder.
  explicit CaseStore(std::filesystem::path root = {});
  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path folder_for(const QString& sha256, const QString& pipeline) const;
  // Newest first. A folder with a damaged case.json is left out.
  std::vector<CaseEntry> cases() const;
  // Throws Error Resources.
  void remember(const CaseEntry& entry) const;
  // What a result folder says of itself (case.json, else recipe.json); throws Error when it is
  // neither.
  static CaseEntry read(const std::filesystem::path& folder);

private:
  std::filesystem::path root_;
};

// A recording that comes with the program (resources/samples/samples.json).
struct Sample {
  QString id, title, caption, pipeline;
  std::filesystem::path file, picture, analysed; // analysed: a result folder, may be empty
};
std::vector<Sample> bundled_samples();

// The files opened last, newest first, at most 10; kept in the settings.
QStringList recent_files();
void remember_recent(const QString& path);

}
