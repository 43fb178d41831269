#pragma once

namespace weft::net {
class Loop;
}  // namespace weft::net

namespace weft::rpc {

/// Has the heap keep what large messages take for the next ones, up to 64 MiB. By default glibc
/// gives blocks of that size back to the system one by one, and each message then pays for the
/// pages of its blocks anew: a thousand page faults for 4 MiB. Changes malloc() of the whole
/// process, once. From any thread.
void keep_large_blocks() noexcept;

/// Gives back to the system what is free, on a thread beside the loops, since that takes a while:
/// after a peak glibc would keep nearly all of it.
/// What is slow to destroy is destroyed by then. Nothing happens where there is no thread for it.
void give_back_free_memory(net::Loop& loop) noexcept;

}  // namespace weft::rpc
