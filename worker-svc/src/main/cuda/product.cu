// Products of rows with a matrix of weights, for few rows (limited by memory: weights stream through shared memory once) and
// for many (limited by the tensor cores), by one order of additions: 16 inputs at a time from the first to the last of a split,
// then the splits in order. So a row has the same bits in a decode of one row and in a prefill of thousands.
#include "device.cuh"

namespace {

constexpr int TILE = 128;       // outputs of a block
constexpr int STEP = 64;        // inputs of a stage: 128 bytes of each row
constexpr int CHUNKS = 8;       // of 16 bytes in those
constexpr int THREADS = 256;

// Where chunk `chunk` of row `row` stands in a stage, in units of 16 bytes. Eight lanes of a load read four neighbouring chunks of
// two neighbouring rows: with the halves of odd rows swapped these are all 32 banks.
DEVICE int placeOf(int row, int chunk) { return row * CHUNKS + (chunk ^ ((row & 1) << 2)); }

// Asks for 64 inputs, from `input` on and before `end`, of `ROWS` rows; rows and inputs that there are not become zeros.
template <int ROWS>
DEVICE void fetch(uint4* to, const bf16* from, int64_t firstRow, int64_t rows, int end, int input, int pitch) {
#pragma unroll
  for (int i = 0; i < (ROWS * CHUNKS + THREADS - 1) / THREADS; i++) {
    int at = i * THREADS + (int)threadIdx.x;
    int row = at / CHUNKS, chunk = at % CHUNKS;
    if (ROWS * CHUNKS % THREADS == 0 || at < ROWS * CHUNKS) {
      bool valid = firstRow + row < rows && input + chunk * 8 < end;
      copyAsync16(to + placeOf(row, chunk), valid ? from + (firstRow + row) * pitch + input + chunk * 8 : from, valid);
    }
  }
}

// N rows; the 8 warps stand WM along the outputs and 8 / WM along the rows.
template <int N, int WM, int STAGES>
DEVICE void product(const int* rows, const bf16* weights, const bf16* x, float* out, int outputs, int inputs, int splitInputs,
                    int64_t planeStride) {
  constexpr int WN = 8 / WM, M_TILES = TILE / 16 / WM, N_TILES = N / 8 / WN;
  constexpr int STAGE = (TILE + N) * CHUNKS;
  DYNAMIC_SHARED(uint4, stages);

  int64_t firstRow = (int64_t)blockIdx.x * N, firstOutput = (int64_t)blockIdx.y * TILE;
  int from = gridDim.z == 1 ? 0 : (int)blockIdx.z * splitInputs;
  int to = gridDim.z == 1 ? inputs : min(inputs, from + splitInputs);
  int steps = (to - from + STEP - 1) / STEP;
  int stepsOfSplit = splitInputs / STEP;

  // Weights are nobody's result: the first of them come while the kernel before this one ends.
  bool early = blockIdx.x == 0;
  if (early) {
    for (int s = 0; s < STAGES - 1; s++)
      if (s < steps) fetch<TILE>(stages + s * STAGE, weights, firstOutput, outputs, to, from + s * STEP, inputs);
  }
  gridBegin();
  int count = *rows;
  if (firstRow >= count) return;
  for (int s = 0; s < STAGES - 1; s++) {
    if (s < steps) {
      uint4* stage = stages + s * STAGE;
      if (!early) fetch<TILE>(stage, weights, firstOutput, outputs, to, from + s * STEP, inputs);
      fetch<N>(stage + TILE * CHUNKS, x, firstRow, count, to, from + s * STEP, inputs);
    }
    commitAsync();
  }

  int lane = (int)threadIdx.x % 32, g = lane / 4, t = lane % 4;
  int wm = (int)threadIdx.x / 32 % WM, wn = (int)threadIdx.x / 32 / WM;
  float sum[M_TILES][N_TILES][4] = {}, total[M_TILES][N_TILES][4] = {};

  for (int step = 0; step < steps; step++) {
    if (!MUTANT(3)) waitAsync<STAGES - 2>();
    if (!MUTANT(4)) __syncthreads();
    int ahead = step + STAGES - 1;
    if (ahead < steps) {
      uint4* stage = stages + ahead % STAGES * STAGE;
      fetch<TILE>(stage, weights, firstOutput, outputs, to, from + ahead * STEP, inputs);
      fetch<N>(stage + TILE * CHUNKS, x, firstRow, count, to, from + ahead * STEP, inputs);
    }
    commitAsync();

    const uint4* stage = stages + step % STAGES * STAGE;
#pragma unroll
    for (int half = 0; half < 2; half++) {
      uint4 a[M_TILES][2], b[N_TILES];
#pragma unroll
      for (int m = 0; m < M_TILES; m++) {
        int row = (wm * M_TILES + m) * 16 + g;
        a[m][0] = stage[placeOf(row, 4 * half + t)];
        a[m][1] = stage[placeOf(row + 8, 4 * half + t)];
      }
#pragma unroll
      for (int n = 0; n < N_TILES; n++) b[n] = stage[TILE * CHUNKS + placeOf((wn * N_TILES + n) * 8 + g, 4 * half + t)];
      multiply32(sum, a, b);
    }

    if ((step + 1) % stepsOfSplit == 0 && step + 1 < steps) {
      bool first = step + 1 == stepsOfSplit;
#pragma unroll
      for (int m = 0; m < M_TILES; m++)
#pragma unroll
        for (int n = 0; n < N_TILES; n++)
#pragma unroll
          for (int i = 0; i < 4; i++) {
            total[m][n][i] = first ? sum[m][n][i] : total[m][n][i] + sum[m][n][i];
            sum[m][n][i] = 0;
          }
    }
  }

  bool several = steps > stepsOfSplit;
  float* plane = out + (int64_t)blockIdx.z * planeStride;
#pragma unroll
  for (int m = 0; m < M_TILES; m++)
#pragma unroll
    for (int n = 0; n < N_TILES; n++)
#pragma unroll
      for (int i = 0; i < 4; i++) {
        int64_t output = firstOutput + (wm * M_TILES + m) * 16 + g + i / 2 * 8;
        int64_t row = firstRow + (wn * N_TILES + n) * 8 + 2 * t + i % 2;
        if ((row < count || MUTANT(5)) && output < outputs)
          plane[row * outputs + output] = several ? total[m][n][i] + sum[m][n][i] : sum[m][n][i];
      }
}

}  // namespace

#define PRODUCT(N, WM, STAGES)                                                                                          \
  extern "C" __global__ void __launch_bounds__(THREADS)                                                                 \
      cf_product_##N(const int* rows, const bf16* weights, const bf16* x, float* out, int outputs, int inputs,          \
                     int splitInputs, int64_t planeStride) {                                                            \
    product<N, WM, STAGES>(rows, weights, x, out, outputs, inputs, splitInputs, planeStride);                           \
  }

PRODUCT(8, 8, 4)
PRODUCT(16, 8, 4)
PRODUCT(32, 4, 4)
PRODUCT(64, 4, 4)
PRODUCT(128, 2, 3)
