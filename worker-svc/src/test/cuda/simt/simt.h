// A CUDA block on one CPU thread: enough of the language to compile the kernels' sources with g++
// for x86-64.
//
// Threads of a block are fibers. They run one at a time, warp by warp, until they meet (barrier,
// shuffle, matrix instruction), so what they do between two meetings is never mixed by chance: a
// missing barrier shows every time, or not at all by its values, and the race check finds it in the
// second case. That check (checked builds only, compiled with -fsanitize=thread for its calls
// before each access; this library answers them) knows for each word of shared memory who wrote and
// who read it since which barrier. Asynchronous copies arrive at their wait and not before; until
// then their destination holds NaN bits. Shared memory begins as NaN bits, too, and must be written
// before it is read.
//
// Blocks run one after the other; one launch at a time in a process.
#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <algorithm>

#ifndef __global__
#define __global__
#endif
#define __device__
#define __host__
#define __constant__ static const
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __shared__ static __attribute__((section("simt_shared")))
#define DYNAMIC_SHARED(type, name) type* name = (type*)simt::dynamicShared
using std::max;
using std::min;

struct uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) {
  return {x, y, z, w};
}
static inline float2 make_float2(float x, float y) { return {x, y}; }
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

namespace simt {
// A place in the sources where threads meet. (Not an address of code: a compiler may copy a call.)
struct Site {
  const char* file;
  int line;
  static constexpr Site here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }
  bool operator!=(const Site& o) const { return file != o.file || line != o.line; }
};

struct Fiber {
  dim3 thread;
  int id, lane, warp;
};
extern Fiber* current;
extern dim3 block, blocks, threads;
extern char* dynamicShared;
// A mistake planted on purpose; 0: none.
extern int mutant;

[[noreturn]] void fail(const char* format, ...);
void barrier(Site site);
// Waits for all lanes; returns what each brought. `last` runs once, by the lane that comes last,
// with all of it.
const uint64_t* meet(Site site, uint64_t brought, void (*last)(const uint64_t*) = nullptr);
void warpBarrier(Site site);
void copyAsync(void* to, const void* from, bool valid);
void commitAsync();
void waitAsync(int groupsLeft);
void atomicAccess(void* at, size_t bytes);
void sharedRead(const void* at, size_t bytes);
void multiply(float* c, const uint32_t* a, const uint32_t* b, Site site = Site::here());
void multiplyMany(const void* batch, Site site = Site::here());
void transpose(uint32_t* out, const void* row, Site site = Site::here());
}  // namespace simt

#define threadIdx (simt::current->thread)
#define blockIdx simt::block
#define gridDim simt::blocks
#define blockDim simt::threads

static inline void __syncthreads(simt::Site site = simt::Site::here()) { simt::barrier(site); }
static inline void __syncwarp(simt::Site site = simt::Site::here()) { simt::warpBarrier(site); }

template <class T>
static inline uint64_t simtBits(T v) {
  static_assert(sizeof(T) <= 8);
  uint64_t bits = 0;
  memcpy(&bits, &v, sizeof(T));
  return bits;
}
template <class T>
static inline T simtFrom(uint64_t bits) {
  T v;
  memcpy(&v, &bits, sizeof(T));
  return v;
}
template <class T>
static inline T __shfl_xor_sync(unsigned, T v, int mask, simt::Site site = simt::Site::here()) {
  return simtFrom<T>(simt::meet(site, simtBits(v))[simt::current->lane ^ mask]);
}
template <class T>
static inline T __shfl_sync(unsigned, T v, int lane, simt::Site site = simt::Site::here()) {
  return simtFrom<T>(simt::meet(site, simtBits(v))[lane & 31]);
}
template <class T>
static inline T __shfl_up_sync(unsigned, T v, int delta, simt::Site site = simt::Site::here()) {
  int lane = simt::current->lane;
  return simtFrom<T>(simt::meet(site, simtBits(v))[lane >= delta ? lane - delta : lane]);
}
static inline unsigned __ballot_sync(unsigned, bool v, simt::Site site = simt::Site::here()) {
  const uint64_t* all = simt::meet(site, v);
  unsigned bits = 0;
  for (int i = 0; i < 32; i++) bits |= (unsigned)all[i] << i;
  return bits;
}

// Fibers never run at the same time: plain operations are atomic.
template <class T>
__attribute__((no_sanitize_thread)) static T atomicAdd(T* at, T v) {
  simt::atomicAccess(at, sizeof(T));
  T old = *at;
  *at = old + v;
  return old;
}
template <class T>
__attribute__((no_sanitize_thread)) static T atomicOr(T* at, T v) {
  simt::atomicAccess(at, sizeof(T));
  T old = *at;
  *at = old | v;
  return old;
}

static inline float __uint_as_float(unsigned u) { return simtFrom<float>(u); }
static inline unsigned __float_as_uint(float f) { return (unsigned)simtBits(f); }
static inline double __longlong_as_double(long long v) { return simtFrom<double>((uint64_t)v); }
static inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
static inline unsigned __umulhi(unsigned a, unsigned b) {
  return (unsigned)((uint64_t)a * b >> 32);
}
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
  uint64_t bytes = (uint64_t)y << 32 | x;
  unsigned out = 0;
  for (int i = 0; i < 4; i++) {
    unsigned nibble = selector >> 4 * i & 15;
    unsigned byte = (unsigned)(bytes >> 8 * (nibble & 7)) & 255;
    out |= (nibble & 8 ? (byte & 128 ? 255u : 0u) : byte) << 8 * i;
  }
  return out;
}
static inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned by) {
  return (unsigned)(((uint64_t)high << 32 | low) >> (by & 31));
}
