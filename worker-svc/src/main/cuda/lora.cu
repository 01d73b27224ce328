// Low-rank adapters of several ranks in one launch (Punica's SGMV, Chen et al., 2023): rows are
// grouped by adapter, and each factor is read once for its group. A row's sums run in an order that
// its own adapter's shape fixes.
#include "device.cuh"

namespace {
constexpr int WARPS = 8;
constexpr int ROWS = 8;  // of a segment at a time
constexpr int RANK_MAX = 256;

DEVICE void addRank(float (&sum)[ROWS], float factor, const float (*input)[RANK_MAX], int rank,
                    int count) {
#pragma unroll
  for (int i = 0; i < ROWS; i++)
    if (i < count) sum[i] = __fmaf_rn(factor, input[i][rank], sum[i]);
}

}  // namespace

KERNEL __launch_bounds__(256)
    cf_lora_shrink(const int* segments, const LoraSegment* segment, const int* segmentRow,
                   const LoraModule* modules, int slotStride, int moduleAt, const bf16* x,
                   int inputs, float* shrunk, int rankMax) {
  __shared__ float part[WARPS][16][ROWS];
  gridBegin();
  if ((int)blockIdx.x >= *segments) return;
  LoraSegment of = segment[blockIdx.x];
  LoraModule module = modules[(int64_t)of.slot * slotStride + moduleAt + (int)blockIdx.y];
  int firstRank = (int)blockIdx.z * 16;
  if (firstRank >= module.rank) return;
  int lane = (int)threadIdx.x % 32, g = lane / 4, t = lane % 4, warp = (int)threadIdx.x / 32;

  // Each warp has a share of the inputs; the shares are added in the warps' order.
  int share = ((inputs + 31) / 32 + WARPS - 1) / WARPS * 32, from = warp * share,
      to = min(inputs, from + share);
  for (int first = 0; first < of.rows; first += ROWS) {
    const bf16* row =
        first + g < of.rows ? x + (int64_t)segmentRow[of.at + first + g] * inputs : nullptr;
    float sum[1][1][4] = {};
#pragma unroll 4
    for (int k = from; k < to; k += 32) {
      int at = k + 8 * t;
      uint4 a[1][2], b[1];
#pragma unroll
      for (int i = 0; i < 2; i++) {
        int rank = firstRank + g + 8 * i;
        a[0][i] = rank < module.rank && at < inputs
                      ? *(const uint4*)(module.a + (int64_t)rank * inputs + at)
                      : make_uint4(0, 0, 0, 0);
      }
      b[0] = row != nullptr && at < inputs ? *(const uint4*)(row + at) : make_uint4(0, 0, 0, 0);
      multiply32(sum, a, b);
    }
#pragma unroll
    for (int i = 0; i < 4; i++) part[warp][g + i / 2 * 8][2 * t + i % 2] = sum[0][0][i];
    if (!MUTANT(10)) __syncthreads();
    int rank = (int)threadIdx.x / ROWS, column = (int)threadIdx.x % ROWS;
    if (rank < 16 && firstRank + rank < module.rank && first + column < of.rows) {
      float total = part[0][rank][column];
      for (int w = 1; w < WARPS; w++) total += part[w][rank][column];
      int64_t target = segmentRow[of.at + first + column];
      shrunk[(target * gridDim.y + blockIdx.y) * rankMax + firstRank + rank] = total;
    }
    __syncthreads();
  }
}

KERNEL __launch_bounds__(256)
    cf_lora_expand(const int* segments, const LoraSegment* segment, const int* segmentRow,
                   const LoraModule* modules, int slotStride, int moduleAt, const float* shrunk,
                   int rankMax, float* delta, int targets, int width0, int width1, int width2) {
  __shared__ float input[ROWS][RANK_MAX];
  gridBegin();
  if ((int)blockIdx.x >= *segments) return;
  LoraSegment of = segment[blockIdx.x];
  int outputs = width0 + width1 + width2, column = (int)(blockIdx.y * blockDim.x + threadIdx.x);
  // A block may have columns of several targets: it does one after the other.
  for (int target = 0, begin = 0; target < targets; target++) {
    int width = target == 0 ? width0 : target == 1 ? width1 : width2;
    int end = begin + width, blockFrom = (int)(blockIdx.y * blockDim.x);
    if (end > blockFrom && begin < blockFrom + (int)blockDim.x) {
      LoraModule module = modules[(int64_t)of.slot * slotStride + moduleAt + target];
      bool mine = column >= begin && column < end;
      const bf16* b = module.b + (int64_t)(column - begin) * module.rank;
      for (int first = 0; first < of.rows; first += ROWS) {
        int count = min(ROWS, of.rows - first);
        __syncthreads();
        for (int i = (int)threadIdx.x; i < count * module.rank; i += (int)blockDim.x) {
          int64_t row = segmentRow[of.at + first + i / module.rank];
          input[i / module.rank][i % module.rank] =
              shrunk[(row * targets + target) * rankMax + i % module.rank];
        }
        __syncthreads();
        if (mine) {
          float sum[ROWS] = {};
          int rank = MUTANT(11) ? module.rank - 1 : module.rank, r = 0;
          if (module.rank % 8 == 0) {
            for (; r + 8 <= rank; r += 8) {
              uint4 eight = *(const uint4*)(b + r);
              uint32_t pairs[4] = {eight.x, eight.y, eight.z, eight.w};
#pragma unroll
              for (int pair = 0; pair < 4; pair++) {
                addRank(sum, lowBf16(pairs[pair]), input, r + 2 * pair, count);
                addRank(sum, highBf16(pairs[pair]), input, r + 2 * pair + 1, count);
              }
            }
          }
          for (; r < rank; r++) addRank(sum, fromBf16(b[r]), input, r, count);
#pragma unroll
          for (int i = 0; i < ROWS; i++)
            if (i < count)
              delta[(int64_t)segmentRow[of.at + first + i] * outputs + column] =
                  module.scale * sum[i];
        }
      }
    }
    begin = end;
  }
}
