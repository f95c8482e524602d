#include "modules/core/error.h"

namespace sensorium {

std::string_view name_of(ErrorCode code) {
  switch (code) {
  case ErrorCode::Internal:
    return "internal";
  case ErrorCode::Usage:
    return "usage";
  case ErrorCode::NotFound:
    return "not_found";
  case ErrorCode::BadInput:
    return "bad_input";
  case ErrorCode::Unsupported:
    return "unsupported";
  case ErrorCode::Resources:
    return "resources";
  case ErrorCode::Conflict:
    return "conflict";
  case ErrorCode::Cancelled:
    return "cancelled";
  case ErrorCode::PartialBatch:
    return "partial_batch";
  }
  return "internal";
}

}
