// The append-only log of one case: a SQLite file that one program at a time may write.
#pragma once

#include "modules/review/events.h"

#include <filesystem>
#include <memory>
#include <optional>

namespace sensorium {

// Whether the log is as it was written.
struct Verification {
  bool intact = true;
  std::int64_t event = 0; // the first event that does not fit; 0: none, or one that is gone
  std::string text;       // one sentence for the user
};

class ReviewLog {
public:
  enum class Mode { ReadWrite, ReadOnly };

  // The file is made by the first append; a file that is not there is an empty log. ReadWrite takes
  // the lock (file + ".lock", freed by the system when its owner dies); when another program holds
  // it, or the folder cannot be written, the log opens read-only and says why. Throws Error
  // BadInput (damaged or foreign; the file is left as it is), Unsupported (written by a newer
  // program), Resources.
  static std::unique_ptr<ReviewLog> open(const std::filesystem::path& file, Mode mode);
  virtual ~ReviewLog() = default;

  // On disk when it returns. A draw, or a paint without a finding, is given the id "drawn-NUMBER".
  // Throws Error Conflict (read-only or signed), Usage (data does not fit the kind), Resources
  // (disk full; then nothing has changed, here or on disk, and the next append may be tried).
  virtual Event append(const std::string& reader, const std::string& kind,
                       const nlohmann::json& data) = 0;
  // Appends the undo (redo) of this reader's last action in force (undone); nothing when there is
  // none.
  std::optional<Event> undo(const std::string& reader);
  std::optional<Event> redo(const std::string& reader);
  // Freezes the log; also writes file + ".signature.json", the second witness of verify(). more:
  // further keys of the event (of an exam: exam_signing.h).
  virtual Event sign(const std::string& reader, const std::string& statement,
                     const nlohmann::json& more = nlohmann::json::object()) = 0;

  virtual const std::vector<Event>& events() const = 0;
  // Reads what another program has appended; true when there was something.
  virtual bool refresh() = 0;
  virtual bool read_only() const = 0;
  virtual const std::string& read_only_reason() const = 0; // empty when it can be written
  bool is_signed() const;
  std::string head_hash() const; // of the last event, empty for an empty log

  // Recomputes the chain from the file: changed, removed, added events and what follows a
  // signature.
  virtual Verification verify() const = 0;
};

}
