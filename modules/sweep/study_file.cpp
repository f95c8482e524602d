#include "modules/sweep/study_file.h"

#include "modules/core/error.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <memory>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;
namespace {

// Names and types are Optuna's; what it never asks of an existing file (checks on the columns) is
// kept all the same.
constexpr const char* tables = R"sql(
CREATE TABLE studies (study_id INTEGER NOT NULL PRIMARY KEY, study_name VARCHAR(512) NOT NULL);
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE TABLE version_info (version_info_id INTEGER NOT NULL PRIMARY KEY CHECK (version_info_id = 1),
  schema_version INTEGER, library_version VARCHAR(256));
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
CREATE TABLE study_directions (study_direction_id INTEGER NOT NULL PRIMARY KEY,
  direction VARCHAR(8) NOT NULL, study_id INTEGER NOT NULL REFERENCES studies (study_id),
  objective INTEGER NOT NULL, UNIQUE (study_id, objective));
CREATE TABLE study_user_attributes (study_user_attribute_id INTEGER NOT NULL PRIMARY KEY,
  study_id INTEGER REFERENCES studies (study_id), "key" VARCHAR(512), value_json TEXT,
  UNIQUE (study_id, "key"));
CREATE TABLE study_system_attributes (study_system_attribute_id INTEGER NOT NULL PRIMARY KEY,
  study_id INTEGER REFERENCES studies (study_id), "key" VARCHAR(512), value_json TEXT,
  UNIQUE (study_id, "key"));
CREATE TABLE trials (trial_id INTEGER NOT NULL PRIMARY KEY, number INTEGER,
  study_id INTEGER REFERENCES studies (study_id), state VARCHAR(8) NOT NULL,
  datetime_start DATETIME, datetime_complete DATETIME);
CREATE INDEX ix_trials_study_id ON trials (study_id);
CREATE TABLE trial_user_attributes (trial_user_attribute_id INTEGER NOT NULL PRIMARY KEY,
  trial_id INTEGER REFERENCES trials (trial_id), "key" VARCHAR(512), value_json TEXT,
  UNIQUE (trial_id, "key"));
CREATE TABLE trial_system_attributes (trial_system_attribute_id INTEGER NOT NULL PRIMARY KEY,
  trial_id INTEGER REFERENCES trials (trial_id), "key" VARCHAR(512), value_json TEXT,
  UNIQUE (trial_id, "key"));
CREATE TABLE trial_params (param_id INTEGER NOT NULL PRIMARY KEY,
  trial_id INTEGER REFERENCES trials (trial_id), param_name VARCHAR(512), param_value FLOAT,
  distribution_json TEXT, UNIQUE (trial_id, param_name));
CREATE TABLE trial_values (trial_value_id INTEGER NOT NULL PRIMARY KEY,
  trial_id INTEGER NOT NULL REFERENCES trials (trial_id), objective INTEGER NOT NULL, value FLOAT,
  value_type VARCHAR(7) NOT NULL, UNIQUE (trial_id, objective));
CREATE TABLE trial_intermediate_values (
  trial_intermediate_value_id INTEGER NOT NULL PRIMARY KEY,
  trial_id INTEGER NOT NULL REFERENCES trials (trial_id), step INTEGER NOT NULL,
  intermediate_value FLOAT, intermediate_value_type VARCHAR(7) NOT NULL, UNIQUE (trial_id, step));
CREATE TABLE trial_heartbeats (trial_heartbeat_id INTEGER NOT NULL PRIMARY KEY,
  trial_id INTEGER NOT NULL UNIQUE REFERENCES trials (trial_id), heartbeat DATETIME NOT NULL);
INSERT INTO version_info VALUES (1, 12, '4.1.0');
INSERT INTO alembic_version VALUES ('v3.2.0.a');
)sql";

// Each call is one statement with its values; an error names the file.
class Database {
public:
  explicit Database(const fs::path& path) : path_(path) {
    if (sqlite3_open(path.c_str(), &handle_) == SQLITE_OK) return;
    const std::string why = sqlite3_errmsg(handle_);
    sqlite3_close(handle_); // a handle is made even when the file is not
    fail(why);
  }
  ~Database() { sqlite3_close(handle_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void script(const char* sql) {
    if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
  }
  // Values: null, numbers and texts.
  void insert(const char* sql, const std::vector<json>& values) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(handle_, sql, -1, &raw, nullptr) != SQLITE_OK) fail();
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
    for (std::size_t i = 0; i < values.size(); ++i) bind(raw, static_cast<int>(i) + 1, values[i]);
    if (sqlite3_step(raw) != SQLITE_DONE) fail();
  }

private:
  void bind(sqlite3_stmt* statement, int at, const json& value) {
    int code = SQLITE_OK;
    if (value.is_number_integer())
      code = sqlite3_bind_int64(statement, at, value.get<std::int64_t>());
    else if (value.is_number())
      code = sqlite3_bind_double(statement, at, value.get<double>());
    else if (value.is_string()) {
      const std::string& text = value.get_ref<const std::string&>();
      code = sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()),
                               SQLITE_TRANSIENT);
    }
    if (code != SQLITE_OK) fail();
  }
  [[noreturn]] void fail() const { fail(sqlite3_errmsg(handle_)); }
  [[noreturn]] void fail(const std::string& why) const {
    throw Error(ErrorCode::Resources,
                fmt::format("'{}' cannot be written: {}", path_.string(), why),
                "is the disk full, or the folder of another user?");
  }
  fs::path path_;
  sqlite3* handle_ = nullptr;
};

std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string distribution_of(const Dimension& d) {
  ordered_json attributes;
  const char* name = "CategoricalDistribution";
  if (d.kind == DimensionKind::Choice) {
    attributes["choices"] = d.choices;
  } else if (d.kind == DimensionKind::Integer) {
    name = "IntDistribution";
    const auto step = static_cast<std::int64_t>(d.step);
    attributes = {{"log", d.logarithmic},
                  {"step", step},
                  {"low", static_cast<std::int64_t>(d.low)},
                  {"high", static_cast<std::int64_t>(d.low) + step * (levels_of(d) - 1)}};
  } else {
    name = "FloatDistribution";
    const double high =
        d.step > 0 ? d.low + d.step * static_cast<double>(levels_of(d) - 1) : d.high;
    attributes = {{"step", d.step > 0 ? ordered_json(d.step) : ordered_json()},
                  {"low", d.low},
                  {"high", high},
                  {"log", d.logarithmic}};
  }
  return ordered_json{{"name", name}, {"attributes", attributes}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

// Of a choice its place in the list.
double number_of(const Dimension& d, const json& value) {
  if (d.kind != DimensionKind::Choice && value.is_number()) return value.get<double>();
  for (std::size_t i = 0; i < d.choices.size(); ++i)
    if (d.choices[i] == value) return static_cast<double>(i);
  throw Error(ErrorCode::BadInput,
              fmt::format("a trial has {} as '{}', which is not in the search space",
                          text_of(value).substr(0, 60), d.name),
              "the folder holds trials of another sweep");
}

json time_of(const std::string& utc) {
  if (utc.size() < 20) return nullptr;
  return utc.substr(0, 10) + " " + utc.substr(11, 8) + ".000000";
}

const char* state_of(const Trial& t) {
  if (t.state == "complete" && t.value) return "COMPLETE";
  if (t.state == "pruned") return "PRUNED";
  if (t.state == "running") return "RUNNING";
  return t.state == "waiting" ? "WAITING" : "FAIL";
}

void insert_trial(Database& db, const Study& study, const Trial& t, int id) {
  db.insert("INSERT INTO trials VALUES (?, ?, 1, ?, ?, ?)",
            {id, t.number, state_of(t), time_of(t.start_utc), time_of(t.end_utc)});
  for (const Dimension& d : study.space)
    if (t.parameters.contains(d.name))
      db.insert("INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) "
                "VALUES (?, ?, ?, ?)",
                {id, d.name, number_of(d, t.parameters.at(d.name)), distribution_of(d)});
  if (t.value)
    db.insert("INSERT INTO trial_values (trial_id, objective, value, value_type) "
              "VALUES (?, 0, ?, 'FINITE')",
              {id, *t.value});
  for (const auto& [step, value] : t.curve)
    db.insert("INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, "
              "intermediate_value_type) VALUES (?, ?, ?, 'FINITE')",
              {id, step, value});
}

}

void write_study(const fs::path& path, const Study& study) {
  std::vector<Trial> trials;
  for (const Trial& t : study.trials) {
    if (t.number >= 1000000)
      throw Error(ErrorCode::BadInput, fmt::format("a trial has the number {}", t.number));
    while (static_cast<int>(trials.size()) <= t.number)
      trials.push_back({.number = static_cast<int>(trials.size())});
    trials[static_cast<std::size_t>(t.number)] = t;
  }
  const fs::path temporary = path.string() + ".new";
  std::error_code code;
  fs::remove(temporary, code);
  {
    Database db(temporary);
    db.script("PRAGMA journal_mode = OFF; BEGIN");
    db.script(tables);
    db.insert("INSERT INTO studies VALUES (1, ?)", {study.name});
    db.insert("INSERT INTO study_directions (direction, study_id, objective) VALUES (?, 1, 0)",
              {study.maximise ? "MAXIMIZE" : "MINIMIZE"});
    db.insert("INSERT INTO study_user_attributes (study_id, \"key\", value_json) "
              "VALUES (1, 'sensorium', ?)",
              {text_of(study.about)});
    for (std::size_t i = 0; i < trials.size(); ++i)
      insert_trial(db, study, trials[i], static_cast<int>(i) + 1);
    db.script("COMMIT");
  }
  fs::rename(temporary, path, code);
  if (code)
    throw Error(ErrorCode::Resources,
                fmt::format("'{}' cannot be written: {}", path.string(), code.message()),
                "is the folder yours?");
}

}
