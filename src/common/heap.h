// The memory that the process's allocator keeps.
#ifndef KASOCKI_COMMON_HEAP_H_
#define KASOCKI_COMMON_HEAP_H_

namespace kasocki {

// Gives freed memory back to the system, of all threads. glibc keeps what lies between blocks in use, in as many heaps as
// threads have allocated from (man malloc_trim): after an hour of changing brokers, partitions and clients that is twice
// of what is in use. Does nothing where the C library is another.
//
// Takes milliseconds, and every thread that allocates may wait for some of them. So nothing is done within ten seconds
// after the last time, whoever in the process called. False: so it was this time. Any thread.
bool ReleaseFreedMemory();

}  // namespace kasocki

#endif  // KASOCKI_COMMON_HEAP_H_
