// The part of SQLite that the review log uses, with errors as Error. Private to modules/review.
#pragma once

#include "modules/core/error.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

struct sqlite3;
struct sqlite3_stmt;

namespace sensorium {

class Sqlite {
public:
  enum class Access { Read, Write };

  // longest: the most bytes of one value. Write: WAL, synchronous=FULL. Throws Error BadInput (not
  // a database, damaged), Conflict (locked), Resources.
  Sqlite(std::filesystem::path file, Access access, std::size_t longest);
  ~Sqlite();
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  class Statement {
  public:
    Statement(Sqlite& db, const std::string& sql);
    ~Statement();
    Statement(Statement&& other) noexcept : db_(other.db_), handle_(other.handle_) {
      other.handle_ = nullptr;
    }
    void bind(int index, std::int64_t value);
    void bind(int index, const std::string& value); // value must outlive the statement
    bool step();                                    // true: there is a row
    std::int64_t integer(int column) const;
    std::string text(int column) const;

  private:
    Sqlite& db_;
    sqlite3_stmt* handle_ = nullptr;
  };

  // Rolls back when it is not committed.
  class Transaction {
  public:
    explicit Transaction(Sqlite& db);
    ~Transaction();
    void commit();

  private:
    Sqlite& db_;
    bool open_ = true;
  };

  Statement prepare(const std::string& sql) { return Statement(*this, sql); }
  void run(const std::string& sql);
  std::int64_t integer(const std::string& sql);
  std::string text(const std::string& sql);
  static Error damaged(const std::filesystem::path& file, const std::string& what);

private:
  [[noreturn]] void fail(int code, const std::string& doing) const;
  void check(int code, const std::string& doing) const;
  std::filesystem::path file_;
  sqlite3* handle_ = nullptr;
};

}
