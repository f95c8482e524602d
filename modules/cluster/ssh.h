// The OpenSSH client, so that the user's ssh_config, agent, ProxyJump and second factor work. One
// connection is shared by all calls (ControlMaster). Host keys are never accepted unseen: a
// changed or unknown key is an error that says so.
#pragma once

#include "modules/cluster/transport.h"

namespace sensorium {

struct SshOptions {
  std::string host;         // an alias of ssh_config, or user@machine
  std::string config;       // another ssh_config than the user's; empty: none
  bool login_shell = false; // the site's programs are found only by a login shell
  double timeout_s = 120;   // of one script
};

class Ssh : public Transport {
public:
  // Throws Error Usage when the host is no host's name.
  explicit Ssh(SshOptions options);
  Reply run(std::string_view script, const std::vector<std::string>& words) override;
  void send(const std::filesystem::path& folder, const std::string& remote,
            const std::function<bool(std::uint64_t)>& progress) override;
  void receive(const std::string& remote, const std::filesystem::path& folder,
               const std::function<bool(std::uint64_t)>& progress) override;
  // Opens the shared connection with the terminal for passwords, codes and unknown keys. Throws
  // Error Resources.
  void connect();

private:
  std::vector<std::string> options_words(bool batch) const;
  void rsync(std::vector<std::string> ends, const std::string& place, const char* partial,
             const std::function<bool(std::uint64_t)>& progress) const;
  SshOptions options_;
  std::string control_path_;
};

// Throws Error Usage: empty, a leading dash, or a character that no host's name has.
void check_host(const std::string& host);

}
