#include "app/cli/batch.h"

#include "modules/core/file.h"
#include "modules/core/findings.h"

#include <fmt/format.h>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;

Batch::Batch(fs::path folder) : folder_(std::move(folder)) { make_folder(folder_); }

void Batch::item(const std::string& file, const std::function<json(const fs::path&)>& work) {
  std::string stem = fs::path(file).lexically_normal().stem().string();
  if (stem.empty()) stem = "item";
  std::string name = stem;
  for (int i = 2; !names_.insert(name).second; ++i) name = fmt::format("{}-{}", stem, i);
  last_failure_.reset();
  json row = {{"input", file}, {"folder", (folder_ / name).string()}};
  try {
    row.update(work(folder_ / name));
    row["status"] = "done";
    ++done_;
  } catch (const Error& e) {
    last_failure_ = e;
  } catch (const std::bad_alloc&) {
    last_failure_ = Error(ErrorCode::Resources, fmt::format("out of memory at '{}'", file),
                          "close other programs, or use a smaller input");
  } catch (const std::exception& e) {
    last_failure_ = Error(ErrorCode::Internal, fmt::format("'{}': {}", file, e.what()),
                          "this is a fault of the program: please report it");
  }
  if (last_failure_) {
    row["status"] = "failed";
    row["error"] = {{"code", name_of(last_failure_->code())},
                    {"message", last_failure_->what()},
                    {"hint", last_failure_->hint()}};
  }
  rows_.push_back(row);
  write();
}

void Batch::write() const {
  std::string csv = "input,status,findings,folder,error,hint\r\n";
  for (const json& row : rows_) {
    const json error = row.value("error", json::object());
    csv += fmt::format("{},{},{},{},{},{}\r\n", csv_cell(row.at("input").get<std::string>()),
                       row.at("status").get<std::string>(),
                       row.contains("findings") ? row.at("findings").dump() : "",
                       csv_cell(row.at("folder").get<std::string>()),
                       csv_cell(error.value("message", "")), csv_cell(error.value("hint", "")));
  }
  write_atomically(folder_ / "batch.csv", csv);
  write_atomically(folder_ / "batch.json",
                   rows_.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

}
