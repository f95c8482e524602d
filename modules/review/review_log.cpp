#include "modules/review/review_log.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/review/fold.h"
#include "modules/review/readers.h"
#include "modules/review/sqlite.h"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <set>
#include <sys/file.h>
#include <unistd.h>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

// 2: kinds "protocol" and "sign_layer". 3: "import_layer" with findings that are not kept.
constexpr int log_version = 3;
constexpr int application_id = 0x534e5352; // "SNSR"
constexpr std::size_t longest_event = 32u << 20;
constexpr std::uint64_t most_bytes = 2ull << 30;

constexpr const char* schema = R"(
CREATE TABLE event(number INTEGER PRIMARY KEY, time TEXT NOT NULL, reader TEXT NOT NULL, kind TEXT NOT NULL,
                   data TEXT NOT NULL, previous_hash TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TABLE head(one INTEGER PRIMARY KEY CHECK(one = 1), number INTEGER NOT NULL, hash TEXT NOT NULL);
INSERT INTO head VALUES(1, 0, '');)";

int version_needed(std::string_view kind, std::string_view data) {
  if (kind == "import_layer" && data.find("\"kept\":false") != std::string_view::npos) return 3;
  return kind == "protocol" || kind == "sign_layer" ? 2 : 1;
}

// One writer at a time; the system frees the lock when its owner dies, so a lock file left behind
// blocks nobody.
class WriterLock {
public:
  explicit WriterLock(const fs::path& file) {
    fd_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0) {
      reason_ = errno == EACCES || errno == EROFS
                    ? "the folder cannot be written"
                    : fmt::format("no lock file can be made (error {})", errno);
      return;
    }
    if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) {
      note_owner();
      return;
    }
    reason_ = errno == EWOULDBLOCK
                  ? "another window or program has this case open" + owner()
                  : fmt::format("the file system offers no locks (error {})", errno);
    ::close(fd_);
    fd_ = -1;
  }
  ~WriterLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;
  bool held() const { return fd_ >= 0; }
  const std::string& reason() const { return reason_; }

private:
  void note_owner() const {
    const std::string text = fmt::format("{} {}\n", ::getpid(), utc_now());
    if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, text.data(), text.size(), 0) < 0)
      return; // only a courtesy
  }
  std::string owner() const {
    char text[64] = {};
    if (::pread(fd_, text, sizeof text - 1, 0) <= 0) return {};
    int pid = 0;
    char since[32] = {};
    if (std::sscanf(text, "%d %31s", &pid, since) != 2) return {};
    return fmt::format(" (process {}, since {})", pid, since);
  }
  int fd_ = -1;
  std::string reason_;
};

struct Row {
  std::int64_t number;
  std::string time, reader, kind, data, previous_hash, hash;
  bool operator==(const Row&) const = default;
};

Event event_of(const Row& row) {
  json data;
  try {
    data = parse_event_data(row.data);
  } catch (const Error&) {
    data = nullptr; // fold() lists it as a problem, verify() says which event it is
  }
  return {row.number, row.time, row.reader, row.kind, std::move(data), row.previous_hash, row.hash};
}

bool is_utf8(const std::string& text) {
  try {
    (void)json(text).dump();
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

class SqliteReviewLog : public ReviewLog {
public:
  SqliteReviewLog(fs::path file, Mode mode);
  Event append(const std::string& reader, const std::string& kind, const json& data) override;
  Event sign(const std::string& reader, const std::string& statement, const json& more) override;
  const std::vector<Event>& events() const override { return events_; }
  bool refresh() override;
  bool read_only() const override { return !reason_.empty(); }
  const std::string& read_only_reason() const override { return reason_; }
  Verification verify() const override;

private:
  fs::path signature_file() const { return file_.string() + ".signature.json"; }
  bool exists() const;
  void check_identity(Sqlite& db) const;
  void connect();
  void create();
  std::vector<Row> rows_after(std::int64_t number) const;
  void check_readers(const std::string& reader, const std::string& kind) const;
  void write(const Row& row);
  Verification verify_rows(const std::vector<Row>& rows) const;
  Verification verify_witness(const std::vector<Row>& rows) const;

  fs::path file_;
  std::unique_ptr<WriterLock> lock_;
  std::string reason_;
  std::unique_ptr<Sqlite> db_;
  std::vector<Event> events_;
};

SqliteReviewLog::SqliteReviewLog(fs::path file, Mode mode) : file_(std::move(file)) {
  if (mode == Mode::ReadOnly) {
    reason_ = "it was opened for reading";
  } else {
    lock_ = std::make_unique<WriterLock>(file_.string() + ".lock");
    if (!lock_->held()) reason_ = lock_->reason();
  }
  if (exists()) connect();
  refresh();
}

bool SqliteReviewLog::exists() const {
  std::error_code code;
  const auto size = fs::file_size(file_, code);
  if (code) {
    if (fs::exists(file_))
      throw Error(ErrorCode::BadInput, fmt::format("'{}' is not a regular file", file_.string()),
                  "a review log is one SQLite file");
    return false;
  }
  if (size > most_bytes)
    throw Error(ErrorCode::BadInput,
                fmt::format("the review log '{}' has {} bytes", file_.string(), size),
                "is this the right file?");
  return size > 0 || fs::exists(file_.string() + "-wal");
}

void SqliteReviewLog::check_identity(Sqlite& db) const {
  const auto id = db.integer("PRAGMA application_id");
  const auto version = db.integer("PRAGMA user_version");
  if (id != application_id)
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' is a database, but not a review log", file_.string()),
                "it was left as it is; move it elsewhere to begin a new review");
  if (version > log_version)
    throw Error(ErrorCode::Unsupported,
                fmt::format("the review log '{}' has version {}; this program knows up to {}",
                            file_.string(), version, log_version),
                "open the case with the program version that wrote it, or a later one");
  if (const std::string found = db.text("PRAGMA quick_check(1)"); found != "ok")
    throw Sqlite::damaged(file_, found);
  db.prepare("SELECT number, time, reader, kind, data, previous_hash, hash FROM event LIMIT 0");
  db.prepare("SELECT number, hash FROM head LIMIT 0");
}

void SqliteReviewLog::connect() {
  auto reading = std::make_unique<Sqlite>(file_, Sqlite::Access::Read, longest_event);
  const bool blank = reading->integer("PRAGMA application_id") == 0 &&
                     reading->integer("SELECT count(*) FROM sqlite_master") == 0;
  if (blank) return; // its maker died before the first event
  check_identity(*reading);
  if (read_only()) {
    db_ = std::move(reading);
    return;
  }
  reading.reset();
  db_ = std::make_unique<Sqlite>(file_, Sqlite::Access::Write, longest_event);
}

void SqliteReviewLog::create() {
  if (db_ != nullptr) return;
  auto db = std::make_unique<Sqlite>(file_, Sqlite::Access::Write, longest_event);
  Sqlite::Transaction transaction(*db);
  db->run(fmt::format("PRAGMA application_id = {}", application_id));
  db->run("PRAGMA user_version = 1");
  db->run(schema);
  transaction.commit();
  db_ = std::move(db);
}

std::vector<Row> SqliteReviewLog::rows_after(std::int64_t number) const {
  std::vector<Row> rows;
  if (db_ == nullptr) return rows;
  Sqlite::Statement query =
      db_->prepare("SELECT number, time, reader, kind, data, previous_hash, hash FROM event"
                   " WHERE number > ? ORDER BY number");
  query.bind(1, number);
  while (query.step())
    rows.push_back({query.integer(0), query.text(1), query.text(2), query.text(3), query.text(4),
                    query.text(5), query.text(6)});
  return rows;
}

bool SqliteReviewLog::refresh() {
  if (db_ == nullptr && read_only() && exists()) connect();
  const std::vector<Row> rows = rows_after(events_.empty() ? 0 : events_.back().number);
  for (const Row& row : rows) events_.push_back(event_of(row));
  return !rows.empty();
}

void SqliteReviewLog::write(const Row& row) {
  create();
  Sqlite::Transaction transaction(*db_);
  Sqlite::Statement insert = db_->prepare("INSERT INTO event VALUES(?, ?, ?, ?, ?, ?, ?)");
  insert.bind(1, row.number);
  int column = 2;
  for (const std::string* text :
       {&row.time, &row.reader, &row.kind, &row.data, &row.previous_hash, &row.hash})
    insert.bind(column++, *text);
  insert.step();
  // Only a log that uses what is new is closed to older programs, which would not keep readers
  // apart, or would show what a consensus left out.
  if (const int needed = version_needed(row.kind, row.data);
      needed > db_->integer("PRAGMA user_version"))
    db_->run(fmt::format("PRAGMA user_version = {}", needed));
  Sqlite::Statement head = db_->prepare("UPDATE head SET number = ?, hash = ? WHERE one = 1");
  head.bind(1, row.number);
  head.bind(2, row.hash);
  head.step();
  transaction.commit();
}

// A signed layer stays as it is, and a closed blinded read can neither be opened nor ended early.
void SqliteReviewLog::check_readers(const std::string& reader, const std::string& kind) const {
  if (layer_is_signed(events_, reader) && kind != "sign" && kind != "protocol")
    throw Error(ErrorCode::Conflict,
                fmt::format("'{}' has signed: this layer can no longer be changed", reader),
                "a consensus is decided under another name");
  const Protocol protocol = protocol_of(events_);
  if ((kind == "sign" || kind == "protocol") && protocol.closed())
    throw Error(ErrorCode::Conflict,
                kind == "sign" ? "the case cannot be signed: " + protocol.text()
                               : "the readers' agreement cannot be changed: " + protocol.text(),
                "each reader signs their own layer first");
}

Event SqliteReviewLog::append(const std::string& reader, const std::string& kind,
                              const json& data) {
  if (read_only())
    throw Error(ErrorCode::Conflict,
                fmt::format("'{}' cannot be changed: {}", file_.string(), reason_),
                "close the other window, or ask for a copy of the case");
  if (is_signed())
    throw Error(ErrorCode::Conflict, "the case is signed: its review can no longer be changed",
                "analyse the recording into a new folder to review it again");
  check_readers(reader, kind);
  const std::int64_t number = events_.empty() ? 1 : events_.back().number + 1;
  json filled = data;
  if (filled.is_object() && (kind == "draw" || kind == "paint") && !filled.contains("finding"))
    filled["finding"] = fmt::format("drawn-{}", number);
  check_event(kind, filled);
  if (!is_utf8(reader)) throw Error(ErrorCode::Usage, "the reader's name is not UTF-8");
  std::string text;
  try {
    text = filled.dump();
  } catch (const json::exception&) {
    throw Error(ErrorCode::Usage, fmt::format("the text of a '{}' event is not UTF-8", kind));
  }
  if (text.size() > longest_event)
    throw Error(ErrorCode::Usage,
                fmt::format("a '{}' event of {} bytes is too large", kind, text.size()),
                "work in smaller strokes");
  Row row{number, utc_now(), reader, kind, text, head_hash(), {}};
  row.hash = event_hash(row.previous_hash, row.number, row.time, row.reader, row.kind, row.data);
  events_.reserve(events_.size() + 1); // so that nothing can fail after the write
  Event event = event_of(row), copy = event;
  write(row);
  events_.push_back(std::move(event));
  return copy;
}

Event SqliteReviewLog::sign(const std::string& reader, const std::string& statement,
                            const json& more) {
  json data = more;
  data["statement"] = statement;
  Event event = append(reader, "sign", data);
  const json witness = {{"format", "sensorium-signature"},
                        {"version", 1},
                        {"number", event.number},
                        {"hash", event.hash},
                        {"reader", reader},
                        {"time", event.time_utc}};
  write_atomically(signature_file(), witness.dump(2) + "\n");
  return event;
}

Verification broken(std::int64_t event, std::string text) {
  return {false, event, std::move(text)};
}

Verification SqliteReviewLog::verify_rows(const std::vector<Row>& rows) const {
  std::string previous;
  std::int64_t expected = 1, signed_at = 0;
  std::set<std::string> signers;
  for (const Row& row : rows) {
    if (row.number != expected)
      return broken(expected, fmt::format("event {} is missing from the log", expected));
    if (signed_at > 0)
      return broken(row.number, fmt::format("event {} was added after the signature", row.number));
    if (row.previous_hash != previous ||
        row.hash !=
            event_hash(row.previous_hash, row.number, row.time, row.reader, row.kind, row.data))
      return broken(row.number,
                    fmt::format("event {} was changed after it was written", row.number));
    if (row.kind == "sign") signed_at = row.number;
    if (signers.contains(row.reader) && row.kind != "sign" && row.kind != "protocol")
      return broken(row.number,
                    fmt::format("event {} was added after its reader had signed", row.number));
    if (row.kind == "sign_layer") signers.insert(row.reader);
    previous = row.hash;
    ++expected;
  }
  return {true, 0,
          fmt::format("{} event{}, chain intact", rows.size(), rows.size() == 1 ? "" : "s")};
}

Verification SqliteReviewLog::verify_witness(const std::vector<Row>& rows) const {
  const std::string last = rows.empty() ? "" : rows.back().hash;
  if (db_ != nullptr && db_->text("SELECT hash FROM head WHERE one = 1") != last)
    return broken(0, "events at the end of the log were removed or replaced");
  std::error_code code;
  const bool signed_log = !rows.empty() && rows.back().kind == "sign";
  if (!fs::exists(signature_file(), code))
    return {true, 0,
            signed_log ? "chain intact; the signature file beside the log is missing" : ""};
  try {
    const json witness = parse_event_data(read_text(signature_file(), 1u << 16));
    const auto number = witness.at("number").get<std::int64_t>();
    if (!signed_log || rows.back().number != number || witness.at("hash") != last)
      return broken(number,
                    fmt::format("the log is not the one that was signed (event {})", number));
  } catch (const json::exception&) {
    return broken(0, "the signature file beside the log is damaged");
  } catch (const Error&) {
    return broken(0, "the signature file beside the log cannot be read");
  }
  return {true, 0, ""};
}

Verification SqliteReviewLog::verify() const {
  const std::vector<Row> rows = rows_after(0);
  Verification chain = verify_rows(rows);
  if (!chain.intact) return chain;
  const Verification witness = verify_witness(rows);
  if (!witness.intact || !witness.text.empty()) return witness;
  if (rows.size() < events_.size() ||
      !std::equal(events_.begin(), events_.end(), rows.begin(),
                  [](const Event& e, const Row& r) { return e.hash == r.hash; }))
    return broken(0, "the log was replaced while it was open");
  if (!rows.empty() && rows.back().kind == "sign")
    chain.text += fmt::format(", signed by {}", rows.back().reader);
  return chain;
}

}

std::unique_ptr<ReviewLog> ReviewLog::open(const fs::path& file, Mode mode) {
  std::error_code code;
  fs::path real = fs::weakly_canonical(file, code);
  if (code) real = fs::absolute(file);
  if (!fs::is_directory(real.parent_path()))
    throw Error(ErrorCode::NotFound,
                fmt::format("there is no folder '{}'", real.parent_path().string()),
                "open the case's folder");
  return std::make_unique<SqliteReviewLog>(real, mode);
}

std::optional<Event> ReviewLog::undo(const std::string& reader) {
  const auto target = undo_targets(events(), reader).undo;
  if (!target) return std::nullopt;
  return append(reader, "undo", {{"number", *target}});
}

std::optional<Event> ReviewLog::redo(const std::string& reader) {
  const auto target = undo_targets(events(), reader).redo;
  if (!target) return std::nullopt;
  return append(reader, "redo", {{"number", *target}});
}

bool ReviewLog::is_signed() const {
  for (const Event& event : events())
    if (event.kind == "sign") return true;
  return false;
}

std::string ReviewLog::head_hash() const {
  return events().empty() ? std::string() : events().back().hash;
}

}
