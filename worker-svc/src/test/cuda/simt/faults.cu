// Kernels that do what no kernel may, for the test of the shim itself. Compiled with checks.
#include "faults.h"

#include "simt.h"

namespace {

struct Shared {
  int words[64];
};

__global__ void fault(int which, int* memory) {
  __shared__ Shared s;
  DYNAMIC_SHARED(int, dynamic);
  int i = (int)threadIdx.x;
  switch (which) {
    case FINE:
      s.words[i] = i;
      __syncthreads();
      memory[i] = s.words[63 - i];
      __syncthreads();
      s.words[i] = __shfl_xor_sync(0xFFFFFFFFu, i, 1);
      __syncwarp();
      memory[i] = s.words[i ^ 1];
      break;
    case READ_WITHOUT_BARRIER:
      s.words[i] = 0;
      __syncthreads();
      s.words[i] = i;
      memory[i] = s.words[63 - i];
      break;
    case WRITE_WITHOUT_BARRIER:
      s.words[i] = i;
      __syncthreads();
      memory[i] = s.words[63 - i];
      s.words[i] = 0;
      break;
    case SHUFFLE_FOR_BARRIER:
      // A shuffle exchanges registers; it says nothing about memory.
      s.words[i] = i;
      __shfl_xor_sync(0xFFFFFFFFu, i, 1);
      memory[i] = s.words[i ^ 1];
      break;
    case UNWRITTEN:
      if (i < 63) s.words[i] = i;
      __syncthreads();
      memory[i] = s.words[i];
      break;
    case BARRIERS_OF_BRANCHES:
      if (i < 32) {
        __syncthreads();
      } else {
        __syncthreads();
      }
      break;
    case BARRIER_OF_SOME:
      if (i < 32) __syncthreads();
      break;
    case SHUFFLE_OF_SOME:
      if (i % 2 == 0) memory[i] = __shfl_xor_sync(0xFFFFFFFFu, i, 2);
      break;
    case SHUFFLES_OF_BRANCHES:
      if (i % 2 == 0) {
        memory[i] = __shfl_xor_sync(0xFFFFFFFFu, i, 2);
      } else {
        memory[i] = __shfl_xor_sync(0xFFFFFFFFu, i, 2);
      }
      break;
    case COPY_NOT_AWAITED:
      simt::copyAsync(dynamic + 4 * i, memory, true);
      simt::commitAsync();
      __syncthreads();
      memory[i] = dynamic[4 * i];
      break;
    case COPY_AWAITED_BY_OTHERS:
      simt::copyAsync(dynamic + 4 * i, memory, true);
      simt::commitAsync();
      simt::waitAsync(0);
      memory[i] = dynamic[4 * (63 - i)];
      break;
    case ATOMIC_THEN_READ:
      s.words[i] = 0;
      __syncthreads();
      atomicAdd(&s.words[0], 1);
      memory[i] = s.words[0];
      break;
    case BEHIND_SHARED:
      dynamic[256 + i] = i;
      break;
  }
}

}  // namespace

const simt::Entry FAULT = {"fault", simt::Call<fault>::call};
