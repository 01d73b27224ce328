// What is done to each row by itself.
#include "device.cuh"

KERNEL __launch_bounds__(128)
    cf_embed(const int* rows, const int* token, const bf16* embedding, float* stream, int hidden) {
  gridBegin();
  int64_t row = blockIdx.x;
  if (row >= *rows) return;
  const uint4* from = (const uint4*)(embedding + (int64_t)token[row] * hidden);
  float4* to = (float4*)(stream + row * hidden);
  for (int i = (int)threadIdx.x; i < hidden / 8; i += (int)blockDim.x) {
    uint4 v = from[i];
    to[2 * i] = make_float4(lowBf16(v.x), highBf16(v.x), lowBf16(v.y), highBf16(v.y));
    to[2 * i + 1] = make_float4(lowBf16(v.z), highBf16(v.z), lowBf16(v.w), highBf16(v.w));
  }
}

namespace {

template <class WIDEN>
DEVICE void embed8(const int* rows, const int* token, const uint8_t* embedding, const float* scale,
                   float* stream, int hidden, WIDEN widen) {
  gridBegin();
  int64_t row = blockIdx.x;
  if (row >= *rows) return;
  int64_t of = token[row];
  const uint2* from = (const uint2*)(embedding + of * productPitch8(hidden));
  float factor = scale[of];
  float4* to = (float4*)(stream + row * hidden);
  for (int i = (int)threadIdx.x; i < hidden / 8; i += (int)blockDim.x) {
    uint4 v = widen(from[i]);
    to[2 * i] = make_float4(lowBf16(v.x) * factor, highBf16(v.x) * factor, lowBf16(v.y) * factor,
                            highBf16(v.y) * factor);
    to[2 * i + 1] = make_float4(lowBf16(v.z) * factor, highBf16(v.z) * factor,
                                lowBf16(v.w) * factor, highBf16(v.w) * factor);
  }
}

}  // namespace

KERNEL __launch_bounds__(128)
    cf_embed_int8(const int* rows, const int* token, const uint8_t* embedding, const float* scale,
                  float* stream, int hidden) {
  embed8(rows, token, embedding, scale, stream, hidden, [](uint2 v) { return widenInt8(v); });
}

KERNEL __launch_bounds__(128)
    cf_embed_fp8(const int* rows, const int* token, const uint8_t* embedding, const float* scale,
                 float* stream, int hidden) {
  embed8(rows, token, embedding, scale, stream, hidden, [](uint2 v) { return widenFp8(v); });
}

KERNEL __launch_bounds__(256)
    cf_norm(const int* rows, const int* rowIndex, float* stream, int hidden, PLANES,
            const float* weight, float epsilon, bf16* normed, float* normedF32) {
  __shared__ float scratch[32];
  gridBegin();
  int64_t to = blockIdx.x;
  if (to >= *rows) return;
  int64_t row = rowIndex != nullptr ? rowIndex[to] : to;
  float4* x = (float4*)(stream + row * hidden);
  float squares = 0;
  Planes p = planesOf(planes, planeCount, planeStride, bias, delta, slotOfRow, row);
  for (int i = (int)threadIdx.x; i < hidden / 4; i += (int)blockDim.x) {
    float4 v = x[i];
    if (planeCount > 0) {
      float4 w = merged(p, row * hidden, 4 * i);
      v = make_float4(v.x + w.x, v.y + w.y, v.z + w.z, v.w + w.w);
      x[i] = v;
    }
    squares = __fmaf_rn(v.x, v.x, squares);
    squares = __fmaf_rn(v.y, v.y, squares);
    squares = __fmaf_rn(v.z, v.z, squares);
    squares = __fmaf_rn(v.w, v.w, squares);
  }
  float factor = 1 / sqrtf(blockSum(squares, scratch) / hidden + epsilon);
  for (int i = (int)threadIdx.x; i < hidden / 4; i += (int)blockDim.x) {
    float4 v = x[i];
    float4 w = ((const float4*)weight)[i];
    v = make_float4(v.x * factor * w.x, v.y * factor * w.y, v.z * factor * w.z, v.w * factor * w.w);
    if (normed != nullptr) {
      uint2 packed;
      packed.x = packBf16(v.x, v.y);
      packed.y = packBf16(v.z, v.w);
      ((uint2*)(normed + to * hidden))[i] = packed;
    }
    if (normedF32 != nullptr) ((float4*)(normedF32 + to * hidden))[i] = v;
  }
}

KERNEL __launch_bounds__(128)
    cf_gather(const int* rows, const int* rowIndex, const void* from, void* to, int rowBytes) {
  gridBegin();
  int64_t row = blockIdx.x;
  if (row >= *rows) return;
  const uint4* source = (const uint4*)((const char*)from + (int64_t)rowIndex[row] * rowBytes);
  uint4* target = (uint4*)((char*)to + row * rowBytes);
  for (int i = (int)threadIdx.x; i < rowBytes / 16; i += (int)blockDim.x) target[i] = source[i];
}

namespace {

// Merges head `at` (its first output) of a row, normalises and rotates it (either may be left out),
// and writes it as BF16, or as E4M3 with its scale. Lane i has elements 2 i, 2 i + 1 of each half,
// then 2 i + 64 and so on.
template <bool FP8>
DEVICE void headOfWarp(const Planes& p, int64_t row, int at, int d, const float* norm,
                       float epsilon, const float* rotary, void* to, bf16* scale) {
  constexpr int MOST = 2;  // pairs of a lane: half of 256, by 64
  int lane = (int)threadIdx.x % 32, half = d / 2;
  float low[MOST][2] = {}, high[MOST][2] = {};
  float squares = 0;
#pragma unroll
  for (int i = 0; i < MOST; i++) {
    int at2 = 2 * lane + 64 * i;
    if (at2 < half) {
      // Both pairs stand in groups of four that start at multiples of four: half is a multiple of
      // eight.
      float4 a = merged(p, row, at + at2 / 4 * 4), b = merged(p, row, at + half + at2 / 4 * 4);
      bool second = at2 % 4 != 0;
      low[i][0] = second ? a.z : a.x;
      low[i][1] = second ? a.w : a.y;
      high[i][0] = second ? b.z : b.x;
      high[i][1] = second ? b.w : b.y;
      for (int j = 0; j < 2; j++) {
        squares = __fmaf_rn(low[i][j], low[i][j], squares);
        squares = __fmaf_rn(high[i][j], high[i][j], squares);
      }
    }
  }
  float factor = 1;
  if (norm != nullptr) factor = 1 / sqrtf(warpSum(squares) / d + epsilon);
  uint32_t largest = 0;
#pragma unroll
  for (int i = 0; i < MOST; i++) {
    int at2 = 2 * lane + 64 * i;
    if (at2 < half) {
      for (int j = 0; j < 2; j++) {
        float a = low[i][j], b = high[i][j];
        if (norm != nullptr) {
          a = a * factor * norm[at2 + j];
          b = b * factor * norm[half + at2 + j];
        }
        if (rotary != nullptr) {
          float2 angle = ((const float2*)rotary)[at2 + j];
          low[i][j] = a * angle.x - b * angle.y;
          high[i][j] = b * angle.x + a * angle.y;
        } else {
          low[i][j] = a;
          high[i][j] = b;
        }
        largest = max(largest, __float_as_uint(low[i][j]) & 0x7FFFFFFF);
        largest = max(largest, __float_as_uint(high[i][j]) & 0x7FFFFFFF);
      }
      if (!FP8) {
        *(uint32_t*)((bf16*)to + at2) = packBf16(low[i][0], low[i][1]);
        *(uint32_t*)((bf16*)to + half + at2) = packBf16(high[i][0], high[i][1]);
      }
    }
  }
  if (FP8) {
    for (int mask = 16; mask > (MUTANT(21) ? 1 : 0); mask /= 2)
      largest = max(largest, __shfl_xor_sync(0xFFFFFFFFu, largest, mask));
    float factorOfCodes = fp8Scale(largest), inverse = 1 / factorOfCodes;
#pragma unroll
    for (int i = 0; i < MOST; i++) {
      int at2 = 2 * lane + 64 * i;
      if (at2 < half) {
        *(uint16_t*)((uint8_t*)to + at2) =
            (uint16_t)(toFp8(low[i][0] * inverse) | toFp8(low[i][1] * inverse) << 8);
        *(uint16_t*)((uint8_t*)to + half + at2) =
            (uint16_t)(toFp8(high[i][0] * inverse) | toFp8(high[i][1] * inverse) << 8);
      }
    }
    if (lane == 0) *scale = (bf16)(__float_as_uint(factorOfCodes) >> 16);
  }
}

// One row of cf_rotate_store and its twin.
template <bool FP8>
DEVICE void rotateStore(ROTATE_STORE) {
  gridBegin();
  int64_t row = blockIdx.x;
  if (row >= *rows) return;
  int d = headDimension, at = position[row], token = at % 16;
  int64_t block = blockTable[tableAt[row] + at / 16];
  const float* angles = rotary + (int64_t)at * d;
  int64_t line = row * (heads + 2 * kvHeads) * d;
  Planes p = planesOf(planes, planeCount, planeStride, bias, delta, slotOfRow, row);
  for (int head = (int)threadIdx.x / 32; head < heads + 2 * kvHeads; head += (int)blockDim.x / 32) {
    if (head < heads) {
      headOfWarp<false>(p, line, head * d, d, queryNorm, epsilon, angles,
                        query + (row * heads + head) * d, nullptr);
    } else {
      int kv = head - heads;  // keys first, then values
      bool key = kv < kvHeads;
      int64_t index = (int64_t)layer * 2 * kvHeads + kv;  // of the head in the block
      const float* norm = key ? keyNorm : nullptr;
      if (FP8) {
        uint8_t* codes = (uint8_t*)pool + block * blockElements + index * kvHeadBytes8(d);
        headOfWarp<true>(p, line, head * d, d, norm, epsilon, key ? angles : nullptr,
                         codes + token * d, (bf16*)(codes + 16 * d) + token);
      } else {
        headOfWarp<false>(p, line, head * d, d, norm, epsilon, key ? angles : nullptr,
                          (bf16*)pool + block * blockElements + (index * 16 + token) * d, nullptr);
      }
    }
  }
}

}  // namespace

KERNEL __launch_bounds__(256, 1) cf_rotate_store(ROTATE_STORE) {
  rotateStore<false>(rows, planes, planeCount, planeStride, bias, delta, slotOfRow, queryNorm,
                     keyNorm, epsilon, rotary, position, tableAt, blockTable, query, pool,
                     blockElements, layer, heads, kvHeads, headDimension);
}

KERNEL __launch_bounds__(256, 1) cf_rotate_store_fp8(ROTATE_STORE) {
  rotateStore<true>(rows, planes, planeCount, planeStride, bias, delta, slotOfRow, queryNorm,
                    keyNorm, epsilon, rotary, position, tableAt, blockTable, query, pool,
                    blockElements, layer, heads, kvHeads, headDimension);
}

KERNEL __launch_bounds__(256) cf_gate(const int* rows, PLANES, bf16* out, int width) {
  gridBegin();
  int64_t row = blockIdx.x;
  int column = 4 * (int)(blockIdx.y * blockDim.x + threadIdx.x);
  if (row >= *rows || column >= width) return;
  Planes p = planesOf(planes, planeCount, planeStride, bias, delta, slotOfRow, row);
  float4 gate = merged(p, row * 2 * width, column), up = merged(p, row * 2 * width, width + column);
  uint2 packed;
  packed.x = packBf16(gate.x / (1 + expf(-gate.x)) * up.x, gate.y / (1 + expf(-gate.y)) * up.y);
  packed.y = packBf16(gate.z / (1 + expf(-gate.z)) * up.z, gate.w / (1 + expf(-gate.w)) * up.w);
  *(uint2*)(out + row * width + column) = packed;
}
