#include "modules/review/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <unistd.h>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

constexpr int patience_ms = 3000;

std::string uri_of(const fs::path& file, bool immutable) {
  std::string uri = "file:";
  for (const char c : file.string()) {
    if (c == '?' || c == '#' || c == '%')
      uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      uri += c;
  }
  return uri + (immutable ? "?immutable=1" : "");
}

// SQLite needs a file beside a WAL database even to read it. On a medium that cannot be written
// nobody else writes either.
bool must_be_immutable(const fs::path& file) {
  std::error_code code;
  const auto wal = fs::file_size(file.string() + "-wal", code);
  return ::access(file.parent_path().c_str(), W_OK) != 0 && (code || wal == 0);
}

}

Error Sqlite::damaged(const fs::path& file, const std::string& what) {
  return Error(
      ErrorCode::BadInput, fmt::format("the review log '{}' is damaged: {}", file.string(), what),
      "it was left as it is; restore it from a backup, or move it elsewhere to begin a new review");
}

void Sqlite::fail(int code, const std::string& doing) const {
  const std::string what = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  switch (code & 0xff) {
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
  case SQLITE_ERROR: // a table or column that is not there
  case SQLITE_TOOBIG:
  case SQLITE_FORMAT:
  case SQLITE_SCHEMA:
    throw damaged(file_, what);
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    throw Error(ErrorCode::Conflict,
                fmt::format("the review log '{}' is held by another program", file_.string()),
                "close the other program and try again");
  case SQLITE_FULL:
    throw Error(
        ErrorCode::Resources,
        fmt::format("the disk is full: the last step was not stored in '{}'", file_.string()),
        "free some space and do the step again; everything before it is stored");
  case SQLITE_READONLY:
  case SQLITE_PERM:
  case SQLITE_CANTOPEN:
    throw Error(ErrorCode::Resources,
                fmt::format("cannot {} '{}': {}", doing, file_.string(), what),
                "check the folder's permissions");
  default:
    throw Error(ErrorCode::Resources,
                fmt::format("cannot {} '{}': {}", doing, file_.string(), what),
                "check the disk, then do the step again; everything before it is stored");
  }
}

void Sqlite::check(int code, const std::string& doing) const {
  if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW) fail(code, doing);
}

Sqlite::Sqlite(fs::path file, Access access, std::size_t longest) : file_(std::move(file)) {
  const bool reading = access == Access::Read;
  const int flags = (reading ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                    SQLITE_OPEN_URI;
  const int opened = sqlite3_open_v2(uri_of(file_, reading && must_be_immutable(file_)).c_str(),
                                     &handle_, flags, nullptr);
  try {
    check(opened, "open");
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, patience_ms);
    sqlite3_limit(handle_, SQLITE_LIMIT_LENGTH, static_cast<int>(longest + 1024));
    run("PRAGMA trusted_schema = OFF");
    run("PRAGMA cell_size_check = ON");
    if (!reading) {
      run("PRAGMA journal_mode = WAL");
      run("PRAGMA synchronous = FULL");
    }
  } catch (...) {
    sqlite3_close_v2(handle_);
    throw;
  }
}

Sqlite::~Sqlite() { sqlite3_close_v2(handle_); }

Sqlite::Statement::Statement(Sqlite& db, const std::string& sql) : db_(db) {
  db_.check(sqlite3_prepare_v2(db_.handle_, sql.c_str(), -1, &handle_, nullptr), "read");
}
Sqlite::Statement::~Statement() { sqlite3_finalize(handle_); }
void Sqlite::Statement::bind(int index, std::int64_t value) {
  db_.check(sqlite3_bind_int64(handle_, index, value), "write");
}
void Sqlite::Statement::bind(int index, const std::string& value) {
  db_.check(
      sqlite3_bind_text64(handle_, index, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8),
      "write");
}
bool Sqlite::Statement::step() {
  const int code = sqlite3_step(handle_);
  db_.check(code, sqlite3_stmt_readonly(handle_) ? "read" : "write");
  return code == SQLITE_ROW;
}
std::int64_t Sqlite::Statement::integer(int column) const {
  return sqlite3_column_int64(handle_, column);
}
std::string Sqlite::Statement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
  return bytes == nullptr ? std::string() : std::string(bytes, size);
}

Sqlite::Transaction::Transaction(Sqlite& db) : db_(db) { db_.run("BEGIN IMMEDIATE"); }
Sqlite::Transaction::~Transaction() {
  if (open_) sqlite3_exec(db_.handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}
void Sqlite::Transaction::commit() {
  db_.run("COMMIT");
  open_ = false;
}

void Sqlite::run(const std::string& sql) {
  check(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr), "write");
}
std::int64_t Sqlite::integer(const std::string& sql) {
  Statement query(*this, sql);
  return query.step() ? query.integer(0) : 0;
}
std::string Sqlite::text(const std::string& sql) {
  Statement query(*this, sql);
  return query.step() ? query.text(0) : std::string();
}

}
