#pragma once

#include <string>

namespace weft::rpc::test {

/// Forks again and again while threads of this process call, open and close channels and streams,
/// change their rules and log; each child calls by the same channel and by one of its own. `kind`
/// says how the channel finds its server: unix, dns, registry, tls, policies. The exit status.
int fork_while_calling(const std::string& address, const std::string& kind);

/// A child of a process with open streams destroys its copies, and the parent's go on.
int fork_with_streams(const std::string& address);

/// A child uses a stream that its parent has opened: it ends at once and says why.
int use_a_parents_stream(const std::string& address);

/// A child of a process in run(): a signal to it leaves the parent's server alone.
int fork_in_run(const std::string& address);

/// A child's exit status; 128 and the signal's number where it was ended by one.
int exit_status_of(int child);

/// 0 where `good`; else 1, and says `what` is not.
int check(bool good, const std::string& what);

}  // namespace weft::rpc::test
