#include "modules/core/error.h"
#include "modules/core/json_text.h"
#include "modules/sweep/study_file.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cmath>
#include <memory>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr const char* hint = "'sensorium jobs study RUN -o FILE.db' and Optuna write such files";
constexpr int most_trials = 100000;

class Reader {
public:
  explicit Reader(const fs::path& path) : path_(path) {
    if (sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK) return;
    const std::string why = sqlite3_errmsg(handle_);
    sqlite3_close(handle_);
    fail(why);
  }
  ~Reader() { sqlite3_close(handle_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Every row as a list of null, numbers and texts. study: the statement's one value.
  std::vector<json> rows(const char* sql, std::int64_t study) const {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(handle_, sql, -1, &raw, nullptr) != SQLITE_OK) fail();
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
    if (sqlite3_bind_parameter_count(raw) > 0) sqlite3_bind_int64(raw, 1, study);
    std::vector<json> out;
    int code = SQLITE_OK;
    while ((code = sqlite3_step(raw)) == SQLITE_ROW) {
      if (out.size() >= 10000000) fail("it holds more than ten million rows");
      json row = json::array();
      for (int i = 0; i < sqlite3_column_count(raw); ++i) row.push_back(column(raw, i));
      out.push_back(std::move(row));
    }
    if (code != SQLITE_DONE) fail();
    return out;
  }
  [[noreturn]] void fail() const { fail(sqlite3_errmsg(handle_)); }
  [[noreturn]] void fail(const std::string& why) const {
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' cannot be read as a study: {}", path_.string(), why), hint);
  }

private:
  static json column(sqlite3_stmt* statement, int i) {
    switch (sqlite3_column_type(statement, i)) {
    case SQLITE_INTEGER:
      return sqlite3_column_int64(statement, i);
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, i);
    case SQLITE_TEXT:
      return std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, i)),
                         static_cast<std::size_t>(sqlite3_column_bytes(statement, i)));
    default:
      return nullptr;
    }
  }
  fs::path path_;
  sqlite3* handle_ = nullptr;
};

Dimension dimension_of(const Reader& file, const std::string& name, const std::string& text) {
  const json in = parse_json(text, "the distribution of '" + name + "'", hint);
  const std::string kind = in.at("name");
  const json& a = in.at("attributes");
  Dimension out{.name = name};
  if (kind == "CategoricalDistribution") {
    out.kind = DimensionKind::Choice;
    out.choices = a.at("choices");
    if (!out.choices.is_array() || out.choices.empty() || out.choices.size() > 1000)
      file.fail(fmt::format("the choices of '{}' are none, or too many", name));
    return out;
  }
  if (kind == "IntDistribution" || kind == "IntUniformDistribution" ||
      kind == "IntLogUniformDistribution")
    out.kind = DimensionKind::Integer;
  else if (kind != "FloatDistribution" && kind != "UniformDistribution" &&
           kind != "LogUniformDistribution")
    file.fail(fmt::format("'{}' has the distribution '{}'", name, kind.substr(0, 60)));
  out.low = a.at("low");
  out.high = a.at("high");
  out.logarithmic = a.value("log", kind.find("LogUniform") != std::string::npos);
  if (a.contains("step") && a.at("step").is_number()) out.step = a.at("step");
  if (!std::isfinite(out.low) || !std::isfinite(out.high) || out.low > out.high ||
      (out.logarithmic && out.low <= 0))
    file.fail(fmt::format("the range of '{}' is none", name));
  return out;
}

json value_of(const Dimension& d, double number) {
  if (d.kind == DimensionKind::Integer && std::abs(number) < 9e15)
    return static_cast<std::int64_t>(std::llround(number));
  if (d.kind != DimensionKind::Choice) return number;
  if (!(number >= 0) || number >= static_cast<double>(d.choices.size())) return nullptr;
  return d.choices[static_cast<std::size_t>(number)];
}

std::string utc_of(const json& time) { // "2026-11-21 17:00:00.000000"
  if (!time.is_string() || time.get_ref<const std::string&>().size() < 19) return {};
  const std::string& text = time.get_ref<const std::string&>();
  return text.substr(0, 10) + "T" + text.substr(11, 8) + "Z";
}

std::string state_of(const std::string& optuna) {
  if (optuna == "COMPLETE") return "complete";
  if (optuna == "PRUNED") return "pruned";
  if (optuna == "RUNNING") return "running";
  return optuna == "WAITING" ? "waiting" : "failed";
}

void take_trials(const Reader& file, std::int64_t id, Study& study) {
  std::map<std::int64_t, std::size_t> place; // trial_id: index
  for (const json& row : file.rows("SELECT trial_id, number, state, datetime_start, "
                                   "datetime_complete FROM trials WHERE study_id = ? "
                                   "ORDER BY number",
                                   id)) {
    if (study.trials.size() >= most_trials) file.fail("it holds more than 100,000 trials");
    place[row[0].get<std::int64_t>()] = study.trials.size();
    study.trials.push_back({.number = row[1].get<int>(),
                            .state = state_of(row[2].get<std::string>()),
                            .start_utc = utc_of(row[3]),
                            .end_utc = utc_of(row[4])});
  }
  std::map<std::string, Dimension> space;
  for (const json& row : file.rows("SELECT p.trial_id, p.param_name, p.param_value, "
                                   "p.distribution_json FROM trial_params p JOIN trials t ON "
                                   "t.trial_id = p.trial_id WHERE t.study_id = ?",
                                   id)) {
    const std::string name = row[1].get<std::string>();
    if (!space.contains(name)) {
      if (space.size() >= 64) file.fail("it holds more than 64 parameters");
      space[name] = dimension_of(file, name, row[3].get<std::string>());
    }
    const json value = value_of(space[name], row[2].get<double>());
    if (value.is_null()) file.fail(fmt::format("a trial has no choice of '{}'", name));
    study.trials[place.at(row[0].get<std::int64_t>())].parameters[name] = value;
  }
  for (auto& [name, dimension] : space) study.space.push_back(std::move(dimension));
  for (const json& row : file.rows("SELECT v.trial_id, v.value FROM trial_values v JOIN trials t "
                                   "ON t.trial_id = v.trial_id WHERE t.study_id = ?",
                                   id))
    if (row[1].is_number())
      study.trials[place.at(row[0].get<std::int64_t>())].value = row[1].get<double>();
  for (const json& row : file.rows("SELECT v.trial_id, v.step, v.intermediate_value FROM "
                                   "trial_intermediate_values v JOIN trials t ON "
                                   "t.trial_id = v.trial_id WHERE t.study_id = ?",
                                   id))
    if (row[2].is_number())
      study.trials[place.at(row[0].get<std::int64_t>())].curve[row[1].get<int>()] =
          row[2].get<double>();
}

}

Study read_study(const fs::path& path) {
  std::error_code code;
  if (!fs::is_regular_file(path, code))
    throw Error(ErrorCode::NotFound, fmt::format("there is no file '{}'", path.string()), hint);
  const Reader file(path);
  try {
    const std::vector<json> studies =
        file.rows("SELECT study_id, study_name FROM studies ORDER BY study_id", 0);
    if (studies.size() != 1)
      file.fail(fmt::format("it holds {} studies; one is needed", studies.size()));
    const std::int64_t id = studies.front()[0].get<std::int64_t>();
    Study study{.name = studies.front()[1].get<std::string>()};
    const std::vector<json> directions =
        file.rows("SELECT direction FROM study_directions WHERE study_id = ?", id);
    if (directions.size() != 1)
      file.fail(fmt::format("it has {} objectives; one is needed", directions.size()));
    study.maximise = directions.front()[0] == "MAXIMIZE";
    for (const json& row : file.rows("SELECT value_json FROM study_user_attributes WHERE "
                                     "study_id = ? AND \"key\" = 'sensorium'",
                                     id))
      study.about = parse_json(row[0].get<std::string>(), path.string(), hint);
    take_trials(file, id, study);
    return study;
  } catch (const json::exception& e) {
    file.fail(json_fault(e));
  } catch (const std::out_of_range&) {
    file.fail("it names a trial that it does not hold");
  }
}

}
