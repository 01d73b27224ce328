// What the kernel of faults.cu does wrong.
#pragma once
#include "registry.h"

enum Fault {
  FINE,
  READ_WITHOUT_BARRIER,
  WRITE_WITHOUT_BARRIER,
  SHUFFLE_FOR_BARRIER,
  UNWRITTEN,
  BARRIERS_OF_BRANCHES,
  BARRIER_OF_SOME,
  SHUFFLE_OF_SOME,
  SHUFFLES_OF_BRANCHES,
  COPY_NOT_AWAITED,
  COPY_AWAITED_BY_OTHERS,
  ATOMIC_THEN_READ,
  BEHIND_SHARED,
};

// fault(int which, int* memory): a block of 64 threads, 1024 bytes of dynamic shared memory, 64
// words of memory.
extern const simt::Entry FAULT;
