// Attention of rows to the paged keys and values of their sequences (Dao et al., FlashAttention-2,
// 2023; PagedAttention, Kwon et al., 2023), for decodes and prefills by the same arithmetic: scores
// by matrix instructions along the head, online softmax over tiles of 64 positions that begin at
// multiples of 64, sums of weights and values by matrix instructions along the positions, splits of
// 512 positions merged in order. A row's own scores alone move its maximum, and what is masked adds
// zeros, which change no bit; so neither the rows beside it nor the number of warps that share the
// work matter.
#include "device.cuh"

namespace {

constexpr int POSITIONS = 64;  // of a tile of keys and values
constexpr int SPLIT = 512;
constexpr int BLOCK = 16;  // tokens of a block of the pool
// words of a row of 64 weights, so that eight rows of four words are all banks
constexpr int WEIGHT_PITCH = 36;
// words that the warps of 16 rows share: 16 * 36 weights, and 4 * 16 maxima
constexpr int EXCHANGE = 640;
constexpr float LOG2_E = 1.4426950408889634f;

// Where chunk `chunk` (16 bytes) of token `token` stands among keys: four chunks of two
// neighbouring tokens are all banks.
template <int D>
DEVICE int keyPlace(int token, int chunk) {
  return token * (D / 8) + (D >= 64 ? chunk ^ ((token & 1) << 2) : chunk);
}

// And among values: the same chunk of eight neighbouring tokens is all banks.
template <int D>
DEVICE int valuePlace(int token, int chunk) {
  return token * (D / 8) + (D >= 64 ? chunk ^ (token & 7) : chunk ^ (token >> 1 & 3));
}

// Adds a split to the splits before it: sums as far as they go, below their maximum in powers of
// two.
struct Merge {
  float ofTotal, ofSplit;
};

DEVICE Merge mergeFactors(float& maximum, float ofSplit) {
  float both = fmaxf(maximum, ofSplit);
  Merge m;
  m.ofTotal = exp2f(maximum - both);
  m.ofSplit = exp2f(ofSplit - both);
  maximum = both;
  return m;
}

DEVICE float mergeSum(const Merge& m, float total, float split) {
  return __fmaf_rn(split, m.ofSplit, total * m.ofTotal);
}

// Where a layer of a block lies; in elements, with FP8 in bytes.
struct KvLayer {
  const void* base;
  int64_t block, blockElements;
  int64_t head;  // the layer's first among those of the block
};

// WM tiles of 16 matrix rows (a row of the step and a head each); WN warps share each: positions of
// the scores, columns of the values. D: head dimension, padded by zeros.
// With FP8 there is one stage, which other blocks of the multiprocessor hide the wait for.
// OPENED: entries of the block table may name what was opened beside the pool.
template <int D, int WM, int WN, int STAGES, bool SMALL, bool FP8, bool OPENED>
DEVICE void attend(ATTEND_OPENED) {
  static_assert(!FP8 || STAGES == 1);
  constexpr int THREADS = 32 * WM * WN;
  constexpr int CHUNKS = D / 8;
  constexpr int SCORE_TILES = POSITIONS / 8 / WN;
  constexpr int VALUE_TILES = D / 8 / WN;
  constexpr int KV = POSITIONS * CHUNKS;  // chunks of a tile of keys, or of values
  // Where sums take most registers, the query is read again for each tile, out of the first cache.
  constexpr bool KEEPS_QUERY = D <= 64;
  DYNAMIC_SHARED(uint4, stages);
  uint32_t* exchange = (uint32_t*)(stages + STAGES * 2 * KV);

  gridBegin();
  if ((int)blockIdx.x >= *tiles) return;
  AttendTile rowsOf = tile[blockIdx.x];
  int end = rowsOf.position + rowsOf.rows;
  int splits = (end + SPLIT - 1) / SPLIT;
  bool partial = SMALL && rowsOf.partialAt >= 0;
  int firstSplit = SMALL ? (int)blockIdx.z : 0;
  if (firstSplit >= (partial ? splits : 1)) return;

  int d = headDimension, groups = heads / kvHeads, kvHead = (int)blockIdx.y;
  int lane = (int)threadIdx.x % 32, g = lane / 4, t = lane % 4;
  int wm = (int)threadIdx.x / 32 / WN, wn = (int)threadIdx.x / 32 % WN;
  uint32_t* weightsOfTile = exchange + wm * EXCHANGE;
  float* maximaOfTile = (float*)(weightsOfTile + 16 * WEIGHT_PITCH);
  float scaleLog2 = scale * LOG2_E;

  // This thread's two rows of the matrix: g and g + 8 of the warp's 16.
  int position[2];
  int64_t place[2];  // of the head, in query and out; -1: no such row
#pragma unroll
  for (int i = 0; i < 2; i++) {
    int at = wm * 16 + g + 8 * i;
    position[i] = rowsOf.position + at / groups;
    place[i] =
        at < rowsOf.rows * groups
            ? ((int64_t)(rowsOf.row + at / groups) * heads + kvHead * groups + at % groups) * d
            : -1;
  }
  // A chunk of 32 columns of this thread's rows.
  auto queryOf = [&](uint4(&q)[1][2], int c) {
    int column = 32 * c + 8 * t;
#pragma unroll
    for (int i = 0; i < 2; i++)
      q[0][i] = place[i] >= 0 && column < d ? *(const uint4*)(query + place[i] + column)
                                            : make_uint4(0, 0, 0, 0);
  };
  uint4 kept[KEEPS_QUERY ? D / 32 : 1][1][2];
  if (KEEPS_QUERY) {
#pragma unroll
    for (int c = 0; c < D / 32; c++) queryOf(kept[c], c);
  }

  // Where this layer's keys are of the block that a position is in.
  auto layerOf = [&](int at, int64_t layerElements) {
    KvLayer of;
    of.block = blockTable[rowsOf.tableAt + at / BLOCK];
    of.base = pool;
    of.blockElements = blockElements;
    of.head = (int64_t)layer * 2 * kvHeads;
    if (OPENED && of.block < (MUTANT(23) ? -1 : 0)) {
      of.block = ~of.block;
      of.base = opened;
      of.blockElements = layerElements;
      of.head = 0;
    }
    return of;
  };
  auto fetch = [&](int stage, int from) {
    uint4* to = stages + stage * 2 * KV;
#pragma unroll(D == 256 ? 1 : 4)
    for (int i = (int)threadIdx.x; i < KV; i += THREADS) {
      int token = i / CHUNKS, chunk = i % CHUNKS;
      bool valid = (from + token < end || MUTANT(16)) && chunk * 8 < d;
      const bf16* key = (const bf16*)pool;
      if (valid) {
        KvLayer of = layerOf(from + token, (int64_t)2 * kvHeads * BLOCK * d);
        key = (const bf16*)of.base + of.block * of.blockElements +
              ((of.head + kvHead) * BLOCK + token % BLOCK) * d + chunk * 8;
      }
      copyAsync16(to + keyPlace<D>(token, chunk), key, valid);
      copyAsync16(to + KV + valuePlace<D>(token, chunk),
                  valid ? key + (int64_t)kvHeads * BLOCK * d : key, valid);
    }
  };

  // A tile of E4M3: all of some pieces of 16 elements are asked for before the first is widened.
  auto widen = [&](int from) {
    constexpr int PIECES = D / 16, EACH = (POSITIONS * PIECES + THREADS - 1) / THREADS;
    constexpr int AT_ONCE = EACH < 4 ? EACH : SMALL ? 4 : 2;
    int64_t headBytes = kvHeadBytes8(d);
#pragma unroll 1
    for (int first = (int)threadIdx.x; first < POSITIONS * PIECES; first += AT_ONCE * THREADS) {
      uint4 codes[AT_ONCE][2];
      uint32_t scales[AT_ONCE][2];
#pragma unroll
      for (int j = 0; j < AT_ONCE; j++) {
        int i = first + j * THREADS, token = i / PIECES, piece = i % PIECES;
        bool valid = i < POSITIONS * PIECES && (from + token < end || MUTANT(16)) && piece * 16 < d;
        codes[j][0] = codes[j][1] = make_uint4(0, 0, 0, 0);
        scales[j][0] = scales[j][1] = 0;
        if (valid) {
          KvLayer of = layerOf(from + token, 2 * kvHeads * headBytes);
          const uint8_t* head =
              (const uint8_t*)of.base + of.block * of.blockElements + (of.head + kvHead) * headBytes;
#pragma unroll
          for (int which = 0; which < 2; which++) {
            codes[j][which] = *(const uint4*)(head + token % BLOCK * d + piece * 16);
            scales[j][which] = ((const bf16*)(head + BLOCK * d))[token % BLOCK];
            head += kvHeads * headBytes;
          }
        }
      }
#pragma unroll
      for (int j = 0; j < AT_ONCE; j++) {
        int i = first + j * THREADS, token = i / PIECES, piece = i % PIECES;
        if (i >= POSITIONS * PIECES) break;
#pragma unroll
        for (int half = 0; half < 2; half++) {
          uint4 words[2];
#pragma unroll
          for (int of = 0; of < 2; of++) {
            uint32_t low = half == 0 ? codes[j][of].x : codes[j][of].z;
            uint32_t high = half == 0 ? codes[j][of].y : codes[j][of].w;
            uint32_t both = scales[j][MUTANT(22) ? 0 : of] * 0x10001u;
            words[of] = make_uint4(widenFp8(__byte_perm(low, 0, 0x1404), both),
                                   widenFp8(__byte_perm(low, 0, 0x3424), both),
                                   widenFp8(__byte_perm(high, 0, 0x1404), both),
                                   widenFp8(__byte_perm(high, 0, 0x3424), both));
          }
          stages[keyPlace<D>(token, 2 * piece + half)] = words[0];
          stages[KV + valuePlace<D>(token, 2 * piece + half)] = words[1];
        }
      }
    }
  };

  float totalMaximum[2] = {-INFINITY, -INFINITY}, totalSum[2] = {};
  // Used once in 512 positions: where registers are short, it lies in memory on purpose, rather
  // than what the inner loop uses.
  typename Parked<!SMALL && D >= 128>::Float total[VALUE_TILES + 1][4];
  // 0, which no compiler knows: from constant places FP8's would go into registers all the same.
  int parked = FP8 && !SMALL && D >= 128 && layer < 0;
  for (int split = firstSplit; split < splits; split += partial ? (int)gridDim.z : 1) {
    int from = split * SPLIT, to = min(end, from + SPLIT);
    float maximum[2] = {-INFINITY, -INFINITY};
    float sum[4] = {};  // of the weights of rows g (first) and g + 8 (third)
    float value[VALUE_TILES][4] = {};

    int stage = 0;
    __syncthreads();  // nobody reads what the last split left
    if (STAGES > 1) {
      fetch(0, from);
      commitAsync();
    }
    for (int at = from; at < to; at += POSITIONS) {
      if (STAGES == 1) {
        if (at > from) __syncthreads();
        if constexpr (FP8) {
          widen(at);
        } else {
          fetch(0, at);
          commitAsync();
          waitAsync<0>();
        }
        __syncthreads();
      } else {
        waitAsync<0>();
        if (!MUTANT(6)) __syncthreads();
        if (at + POSITIONS < to) fetch(stage ^ 1, at + POSITIONS);
        commitAsync();
      }
      const uint4* keys = stages + stage * 2 * KV;
      const uint4* values = keys + KV;
      if (STAGES > 1) stage ^= 1;

      // Rows of this warp that end before the tile: their weights would all be zero.
      bool idle = WN == 1 && rowsOf.position + (wm * 16 + 15) / groups < at;
      if (idle) continue;

      float score[1][SCORE_TILES][4] = {};
#pragma unroll(KEEPS_QUERY ? D / 32 : 1)
      for (int c = 0; c < D / 32; c++) {
        uint4 k[SCORE_TILES];
#pragma unroll
        for (int n = 0; n < SCORE_TILES; n++)
          k[n] = keys[keyPlace<D>((wn * SCORE_TILES + n) * 8 + g, 4 * c + t)];
        if (KEEPS_QUERY) {
          multiply32(score, kept[KEEPS_QUERY ? c : 0], k);
        } else {
          uint4 q[1][2];
          queryOf(q, c);
          multiply32(score, q, k);
        }
      }

      float highest[2] = {-INFINITY, -INFINITY};
#pragma unroll
      for (int n = 0; n < SCORE_TILES; n++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
          int of = at + (wn * SCORE_TILES + n) * 8 + 2 * t + i % 2;
          float s = score[0][n][i] * scaleLog2;
          if (of > position[i / 2] + (MUTANT(7) ? 1 : 0)) s = -INFINITY;
          score[0][n][i] = s;
          highest[i / 2] = fmaxf(highest[i / 2], s);
        }
#pragma unroll
      for (int i = 0; i < 2; i++) {
        highest[i] = fmaxf(highest[i], __shfl_xor_sync(0xFFFFFFFFu, highest[i], 1));
        highest[i] = fmaxf(highest[i], __shfl_xor_sync(0xFFFFFFFFu, highest[i], 2));
      }
      if (WN > 1) {
        if (t == 0) {
          maximaOfTile[wn * 16 + g] = highest[0];
          maximaOfTile[wn * 16 + g + 8] = highest[1];
        }
        if (!MUTANT(8)) __syncthreads();
#pragma unroll
        for (int w = 0; w < WN; w++) {
          highest[0] = fmaxf(highest[0], maximaOfTile[w * 16 + g]);
          highest[1] = fmaxf(highest[1], maximaOfTile[w * 16 + g + 8]);
        }
      }
      float factor[2], base[2];
#pragma unroll
      for (int i = 0; i < 2; i++) {
        float next = fmaxf(maximum[i], highest[i]);
        base[i] = next == -INFINITY ? 0 : next;  // a row that sees nothing of this split yet
        factor[i] = exp2f(maximum[i] - base[i]);
        maximum[i] = next;
      }

      // Weights as the left factor of the next product.
      uint32_t weight[SCORE_TILES][2];
#pragma unroll
      for (int n = 0; n < SCORE_TILES; n++)
#pragma unroll
        for (int i = 0; i < 2; i++)
          weight[n][i] = packBf16(exp2f(score[0][n][2 * i] - base[i]),
                                  exp2f(score[0][n][2 * i + 1] - base[i]));
      uint32_t left[POSITIONS / 16][4];
      if (WN == 1) {
#pragma unroll
        for (int k = 0; k < POSITIONS / 16; k++) {
          left[k][0] = weight[2 * k % SCORE_TILES][0];
          left[k][1] = weight[2 * k % SCORE_TILES][1];
          left[k][2] = weight[(2 * k + 1) % SCORE_TILES][0];
          left[k][3] = weight[(2 * k + 1) % SCORE_TILES][1];
        }
      } else {
#pragma unroll
        for (int n = 0; n < SCORE_TILES; n++) {
          int word = (wn * SCORE_TILES + n) * 4 + t;
          weightsOfTile[g * WEIGHT_PITCH + word] = weight[n][0];
          weightsOfTile[(g + 8) * WEIGHT_PITCH + word] = weight[n][1];
        }
        __syncthreads();
#pragma unroll
        for (int k = 0; k < POSITIONS / 16; k++) {
          left[k][0] = weightsOfTile[g * WEIGHT_PITCH + 8 * k + t];
          left[k][1] = weightsOfTile[(g + 8) * WEIGHT_PITCH + 8 * k + t];
          left[k][2] = weightsOfTile[g * WEIGHT_PITCH + 8 * k + 4 + t];
          left[k][3] = weightsOfTile[(g + 8) * WEIGHT_PITCH + 8 * k + 4 + t];
        }
      }

#pragma unroll
      for (int i = 0; i < 4; i++) sum[i] *= factor[i / 2];
#pragma unroll
      for (int k = 0; k < POSITIONS / 16; k++)
        multiply(sum, left[k][0], left[k][1], left[k][2], left[k][3], 0x3F803F80, 0x3F803F80);
#pragma unroll
      for (int n = 0; n < VALUE_TILES; n++) {
#pragma unroll
        for (int i = 0; i < 4; i++) value[n][i] *= factor[i / 2];
#pragma unroll
        for (int k = 0; k < POSITIONS / 32; k++) {
          uint32_t v[4];
          loadTransposed(v, values + valuePlace<D>(32 * k + lane, wn * VALUE_TILES + n));
          multiply(value[n], left[2 * k][0], left[2 * k][1], left[2 * k][2], left[2 * k][3], v[0],
                   v[1]);
          multiply(value[n], left[2 * k + 1][0], left[2 * k + 1][1], left[2 * k + 1][2],
                   left[2 * k + 1][3], v[2], v[3]);
        }
      }
    }

    if (partial) {
      // One row of the step: row g of the matrix is its head g of the group.
#pragma unroll
      for (int i = 0; i < 2; i++)
        if (place[i] >= 0) {
          float* slot =
              partials +
              ((int64_t)(rowsOf.partialAt + split) * heads + kvHead * groups + g + 8 * i) * (d + 2);
#pragma unroll
          for (int n = 0; n < VALUE_TILES; n++) {
            int column = (wn * VALUE_TILES + n) * 8 + 2 * t;
            if (column < d)
              *(float2*)(slot + column) = make_float2(value[n][2 * i], value[n][2 * i + 1]);
          }
          if (wn == 0 && t == 0) *(float2*)(slot + d) = make_float2(maximum[i], sum[2 * i]);
        }
    } else {
#pragma unroll
      for (int i = 0; i < 2; i++) {
        Merge m = mergeFactors(totalMaximum[i], maximum[i]);
        totalSum[i] = mergeSum(m, totalSum[i], sum[2 * i]);
#pragma unroll
        for (int n = 0; n < VALUE_TILES; n++)
#pragma unroll
          for (int j = 2 * i; j < 2 * i + 2; j++)
            total[parked + n][j] =
                mergeSum(m, split == 0 ? 0 : total[parked + n][j], value[n][j]);
      }
    }
  }

  if (!partial) {
#pragma unroll
    for (int i = 0; i < 2; i++)
      if (place[i] >= 0) {
        float inverse = 1 / totalSum[i];
#pragma unroll
        for (int n = 0; n < VALUE_TILES; n++) {
          int column = (wn * VALUE_TILES + n) * 8 + 2 * t;
          if (column < d)
            *(uint32_t*)(out + place[i] + column) =
                packBf16(total[parked + n][2 * i] * inverse,
                         total[parked + n][2 * i + 1] * inverse);
        }
      }
  }
}

}  // namespace

#define ATTENTION_AS(NAME, PARAMETERS, OPENED, OF_OPENED, D, LARGE_WM, LARGE_WN, STAGES, FP8, BLOCKS) \
  KERNEL __launch_bounds__(128, BLOCKS) cf_attend_small_##NAME(PARAMETERS) {                        \
    attend<D, 1, 4, STAGES, true, FP8, OF_OPENED>(                                                  \
        tiles, tile, query, pool, blockElements, blockTable, layer, heads, kvHeads, headDimension,  \
        scale, out, partials, OPENED);                                                              \
  }                                                                                                 \
  KERNEL __launch_bounds__(256, 1) cf_attend_large_##NAME(PARAMETERS) {                             \
    attend<D, LARGE_WM, LARGE_WN, STAGES, false, FP8, OF_OPENED>(                                   \
        tiles, tile, query, pool, blockElements, blockTable, layer, heads, kvHeads, headDimension,  \
        scale, out, partials, OPENED);                                                              \
  }
#define ATTENTION_OF(NAME, D, LARGE_WM, LARGE_WN, STAGES, FP8, BLOCKS)                             \
  ATTENTION_AS(NAME, ATTEND, nullptr, false, D, LARGE_WM, LARGE_WN, STAGES, FP8, BLOCKS)           \
  ATTENTION_AS(opened_##NAME, ATTEND_OPENED, opened, true, D, LARGE_WM, LARGE_WN, STAGES, FP8, BLOCKS)
#define ATTENTION(D, LARGE_WM, LARGE_WN, STAGES, BLOCKS)        \
  ATTENTION_OF(D, D, LARGE_WM, LARGE_WN, STAGES, false, BLOCKS) \
  ATTENTION_OF(fp8_##D, D, LARGE_WM, LARGE_WN, 1, true, BLOCKS == 2 ? 2 : 4)

ATTENTION(32, 8, 1, 2, 3)
ATTENTION(64, 8, 1, 2, 3)
ATTENTION(128, 8, 1, 2, 3)
ATTENTION(256, 4, 2, 1, 2)

KERNEL __launch_bounds__(128)
    cf_attend_merge(const int* tiles, const AttendTile* tile, const float* partials, int heads,
                    int headDimension, bf16* out) {
  gridBegin();
  if ((int)blockIdx.x >= *tiles) return;
  AttendTile of = tile[blockIdx.x];
  if (of.partialAt < 0) return;
  int d = headDimension, head = (int)blockIdx.y, splits = (of.position + SPLIT) / SPLIT;
  int column = 2 * (int)threadIdx.x;
  if (column >= d) return;
  float maximum = -INFINITY, sum = 0, low = 0, high = 0;
  for (int split = MUTANT(9) && splits > 1 ? 1 : 0; split < splits; split++) {
    const float* slot = partials + ((int64_t)(of.partialAt + split) * heads + head) * (d + 2);
    float2 v = *(const float2*)(slot + column), last = *(const float2*)(slot + d);
    Merge m = mergeFactors(maximum, last.x);
    sum = mergeSum(m, sum, last.y);
    low = mergeSum(m, low, v.x);
    high = mergeSum(m, high, v.y);
  }
  float inverse = 1 / sum;
  *(uint32_t*)(out + ((int64_t)of.row * heads + head) * d + column) =
      packBf16(low * inverse, high * inverse);
}
