// What the kernels have in common: BF16, asynchronous copies, matrix instructions, sums over warps
// and blocks. Inline PTX stands here alone, each piece beside its twin for the CPU
// (src/test/cuda/simt).
//
// Compiled with -fmad=false (g++: -ffp-contract=off): a multiply-add is one only where it says so,
// so that two kernels that are to give the same bits do.
#pragma once
#ifdef COFFERDAM_SIMT
#include "registry.h"
#include "simt.h"
// A mistake planted on purpose, which the tests must find; none of them exists on the device.
#define MUTANT(number) (simt::mutant == (number))
#else
#define DYNAMIC_SHARED(type, name) extern __shared__ type name[]
#define MUTANT(number) false
#endif

#include "kernels.h"

#define DEVICE static __device__ __forceinline__
#define DEVICE_MEMBER __device__ __forceinline__

// ---------------------------------------------------------------- order of kernels

// Lets the next kernels start as soon as all blocks of this one have: they wait in turn, and
// products fetch weights meanwhile.
DEVICE void letNextBegin() {
#if !defined(COFFERDAM_SIMT) && defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;");
#endif
}

// Waits for the kernels before this one to end. In every kernel, for every thread, whatever else it
// does, before it reads or writes what kernels write: kernel C that follows B that follows A relies
// on B having waited for A.
DEVICE void waitForBefore() {
#if !defined(COFFERDAM_SIMT) && defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

DEVICE void gridBegin() {
  letNextBegin();
  waitForBefore();
}

// ---------------------------------------------------------------- asynchronous copies

// 16 bytes into shared memory; zeros where `valid` is not (`from` is not read then).
DEVICE void copyAsync16(void* to, const void* from, bool valid) {
#ifdef COFFERDAM_SIMT
  simt::copyAsync(to, from, valid);
#else
  unsigned at = (unsigned)__cvta_generic_to_shared(to);
  asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(at), "l"(from),
               "r"(valid ? 16 : 0)
               : "memory");
#endif
}

DEVICE void commitAsync() {
#ifdef COFFERDAM_SIMT
  simt::commitAsync();
#else
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// Waits until at most `LEFT` of the thread's last groups are under way.
template <int LEFT>
DEVICE void waitAsync() {
#ifdef COFFERDAM_SIMT
  simt::waitAsync(LEFT);
#else
  asm volatile("cp.async.wait_group %0;" ::"n"(LEFT) : "memory");
#endif
}

// ---------------------------------------------------------------- BF16

DEVICE float fromBf16(bf16 v) { return __uint_as_float((unsigned)v << 16); }
DEVICE float lowBf16(uint32_t pair) { return __uint_as_float(pair << 16); }
DEVICE float highBf16(uint32_t pair) { return __uint_as_float(pair & 0xFFFF0000u); }

// Two numbers to the nearest BF16, ties to even; the first one low.
DEVICE uint32_t packBf16(float low, float high) {
#ifdef COFFERDAM_SIMT
  float v[2] = {low, high};
  uint32_t out = 0;
  for (int i = 0; i < 2; i++) {
    uint32_t bits = __float_as_uint(v[i]);
    uint32_t half = v[i] != v[i] ? 0x7FFF : (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    out |= half << 16 * i;
  }
  return out;
#else
  uint32_t out;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(out) : "f"(high), "f"(low));
  return out;
#endif
}

// a · b + c of two pairs of BF16, rounded once to the nearest.
DEVICE uint32_t multiplyAddBf16(uint32_t a, uint32_t b, uint32_t c) {
#ifdef COFFERDAM_SIMT
  // Used where the result is a BF16 number, so that F32 in between rounds nothing.
  return packBf16(__fmaf_rn(lowBf16(a), lowBf16(b), lowBf16(c)),
                  __fmaf_rn(highBf16(a), highBf16(b), highBf16(c)));
#else
  uint32_t out;
  asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(out) : "r"(a), "r"(b), "r"(c));
  return out;
#endif
}

// ---------------------------------------------------------------- eight bits as BF16, exactly

constexpr uint32_t ONES_BF16 = 0x3F803F80, MINUS_ZEROS_BF16 = 0x80008000;

// Two whole numbers of eight bits, in the low bytes of the halves. Their low seven bits are the
// mantissa of a number from 128 to 255; 128 is taken away from it, and 256 where the sign is set.
DEVICE uint32_t widenInt8(uint32_t pair) {
  uint32_t sign = MUTANT(18) ? 0 : pair & 0x00800080;
  return multiplyAddBf16((pair & 0x007F007F) | 0x43004300, ONES_BF16, sign | 0xC300C300);
}

// Two E4M3 numbers (OCP 8-bit floating point, no infinities), in the high bytes of the halves.
// Their bits, moved to BF16's places, are the number times 2^-120, subnormal numbers too.
DEVICE uint32_t widenFp8(uint32_t pair) {
  uint32_t small = (pair & 0x80008000) | (pair >> 4 & (MUTANT(19) ? 0x03F003F0 : 0x07F007F0));
  return multiplyAddBf16(small, 0x7B807B80, MINUS_ZEROS_BF16);
}

// Two E4M3 numbers times a power of two, exactly.
DEVICE uint32_t widenFp8(uint32_t pair, uint32_t scales) {
  return multiplyAddBf16(widenFp8(pair), scales, MINUS_ZEROS_BF16);
}

// Eight neighbouring ones.
DEVICE uint4 widenInt8(uint2 v) {
  return make_uint4(
      widenInt8(__byte_perm(v.x, 0, 0x4140)), widenInt8(__byte_perm(v.x, 0, 0x4342)),
      widenInt8(__byte_perm(v.y, 0, 0x4140)), widenInt8(__byte_perm(v.y, 0, 0x4342)));
}
DEVICE uint4 widenFp8(uint2 v) {
  return make_uint4(widenFp8(__byte_perm(v.x, 0, 0x1404)), widenFp8(__byte_perm(v.x, 0, 0x3424)),
                    widenFp8(__byte_perm(v.y, 0, 0x1404)), widenFp8(__byte_perm(v.y, 0, 0x3424)));
}

// ---------------------------------------------------------------- numbers as E4M3

// The power of two that brings F32 numbers to at most 448, E4M3's largest; `largest` are the bits
// of their largest without its sign. What is not finite has none: not a number.
DEVICE float fp8Scale(uint32_t largest) {
  if (largest >= 0x7F800000) return NAN;
  int exponent = (int)(largest >> 23) - 127 - ((largest & 0x7FFFFF) > 0x600000 ? 7 : 8);
  return __uint_as_float((uint32_t)(max(exponent, -110) + 127) << 23);
}

// The nearest E4M3 of a number of at most 448, ties to even.
DEVICE uint32_t toFp8(float v) {
  uint32_t bits = __float_as_uint(v), size = bits & 0x7FFFFFFF;
  // Below 2^-6 they are multiples of 2^-9, which is what F32 has at 2^14.
  uint32_t code = size < 0x3C800000
                      ? __float_as_uint(__uint_as_float(size) + 16384.0f) & 0xF
                      : ((size + (MUTANT(20) ? 0 : 0x7FFFF + (size >> 20 & 1))) >> 20) - (120 << 3);
  return (bits >> 24 & 0x80) | min(code, 0x7Eu);
}

// ---------------------------------------------------------------- matrix instructions

// c[16 × 8] += a[16 × 16] · b[16 × 8], BF16 with sums in F32, of a warp (mma.m16n8k16). Lane 4 g +
// t holds of a: rows g, g + 8, g, g + 8 at columns 2 t, 2 t, 2 t + 8, 2 t + 8 (pairs); of b: rows 2
// t, 2 t + 8 (pairs) of column g; of c: row g columns 2 t, 2 t + 1, then row g + 8.
DEVICE void multiply(float (&c)[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0,
                     uint32_t b1) {
#ifdef COFFERDAM_SIMT
  uint32_t a[4] = {a0, a1, a2, a3}, b[2] = {b0, b1};
  simt::multiply(c, a, b);
#else
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
#endif
}

// 32 columns of A and rows of B at once. Lane 4 g + t holds 8 neighbouring elements, 8 t … 8 t + 7
// of the 32, of A's rows g and g + 8 (of each tile of 16) and of B's column g: what one 16-byte
// load brings. Which of the 32 an instruction calls its k-th is the same for A and B, so the
// product is that of the 32 in an order of their own, the same everywhere.
template <int M, int N>
DEVICE void multiply32(float (&c)[M][N][4], const uint4 (&a)[M][2], const uint4 (&b)[N]) {
#ifdef COFFERDAM_SIMT
  simt::Batch batch{&c[0][0][0], &a[0][0].x, &b[0].x, M, N};
  simt::multiplyMany(&batch);
#else
#pragma unroll
  for (int m = 0; m < M; m++) {
#pragma unroll
    for (int n = 0; n < N; n++)
      multiply(c[m][n], a[m][0].x, a[m][1].x, a[m][0].y, a[m][1].y, b[n].x, b[n].y);
  }
#pragma unroll
  for (int m = 0; m < M; m++) {
#pragma unroll
    for (int n = 0; n < N; n++)
      multiply(c[m][n], a[m][0].z, a[m][1].z, a[m][0].w, a[m][1].w, b[n].z, b[n].w);
  }
#endif
}

// Four matrices of 8 × 8 BF16 out of shared memory, transposed: lane i gives row i % 8 of matrix i
// / 8 (16 bytes), and gets of each the pair of rows 2 t, 2 t + 1 in column g.
DEVICE void loadTransposed(uint32_t (&out)[4], const void* row) {
#ifdef COFFERDAM_SIMT
  simt::transpose(out, row);
#else
  unsigned at = (unsigned)__cvta_generic_to_shared(row);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
               : "r"(at)
               : "memory");
#endif
}

// ---------------------------------------------------------------- numbers that are seldom used

// Where registers are short, such numbers lie in the thread's own memory on purpose, so that the
// compiler does not put there what a loop uses.
template <bool PARKED>
struct Parked {
  typedef float Float;
};
template <>
struct Parked<true> {
  typedef volatile float Float;
};

// ---------------------------------------------------------------- sums, in an order that is always the same

DEVICE float warpSum(float v) {
#pragma unroll
  for (int mask = 16; mask > 0; mask /= 2) v += __shfl_xor_sync(0xFFFFFFFFu, v, mask);
  return v;
}

// Of all threads of a block of up to 1024; `scratch` has 32 elements. A barrier comes first and
// last.
DEVICE float blockSum(float v, float* scratch) {
  v = warpSum(v);
  __syncthreads();
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = v;
  if (!MUTANT(1)) __syncthreads();
  float sum = 0;
  for (int i = 0; i < (int)blockDim.x / 32; i++) sum += scratch[i];
  __syncthreads();
  return sum;
}

// ---------------------------------------------------------------- planes of a product

struct Planes {
  const float* planes;
  int count;
  int64_t stride;
  const float* bias;
  const float* delta;
};

DEVICE Planes planesOf(PLANES, int64_t row) {
  Planes p;
  p.planes = planes;
  p.count = planeCount;
  p.stride = planeStride;
  p.bias = bias;
  p.delta = delta != nullptr && slotOfRow[row] != 0 ? delta : nullptr;
  return p;
}

// Four neighbouring outputs from `column` (a multiple of 4) of a row that begins at `at`.
DEVICE float4 merged(const Planes& p, int64_t at, int column) {
  float4 v = *(const float4*)(p.planes + at + column);
  for (int i = 1; i < (MUTANT(2) ? p.count - 1 : p.count); i++) {
    float4 w = *(const float4*)(p.planes + i * p.stride + at + column);
    v.x += w.x;
    v.y += w.y;
    v.z += w.z;
    v.w += w.w;
  }
  if (p.bias != nullptr) {
    float4 w = *(const float4*)(p.bias + column);
    v.x += w.x;
    v.y += w.y;
    v.z += w.z;
    v.w += w.w;
  }
  if (p.delta != nullptr) {
    float4 w = *(const float4*)(p.delta + at + column);
    v.x += w.x;
    v.y += w.y;
    v.z += w.z;
    v.w += w.w;
  }
  return v;
}
