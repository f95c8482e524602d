// The same scripts on this machine: for a queue without a cluster.
#pragma once

#include "modules/cluster/transport.h"

namespace sensorium {

class LocalShell : public Transport {
public:
  Reply run(std::string_view script, const std::vector<std::string>& words) override;
  void send(const std::filesystem::path& folder, const std::string& remote,
            const std::function<bool(std::uint64_t)>& progress) override;
  void receive(const std::string& remote, const std::filesystem::path& folder,
               const std::function<bool(std::uint64_t)>& progress) override;
};

}
