// Products of rows with a matrix of weights, for few rows (limited by memory: weights stream
// through shared memory once) and for many (limited by the tensor cores), by one order of
// additions: 16 inputs at a time from the first to the last of a split, then the splits in order.
// So a row has the same bits in a decode of one row and in a prefill of thousands.
#include "device.cuh"

namespace {

constexpr int TILE = 128;  // outputs of a block
constexpr int STEP = 64;   // inputs of a stage: 128 bytes of each row
constexpr int CHUNKS = 8;  // of 16 bytes in those
constexpr int THREADS = 256;

// Where chunk `chunk` of row `row` stands in a stage, in units of 16 bytes. Eight lanes of a load
// read four neighbouring chunks of two neighbouring rows: with the halves of odd rows swapped these
// are all 32 banks.
DEVICE int placeOf(int row, int chunk) { return row * CHUNKS + (chunk ^ ((row & 1) << 2)); }

// The rows of a stage, and what each thread copies of them: a chunk of every 32nd row. Stages are
// asked for in order.
template <int ROWS>
struct Source {
  static constexpr int EVERY = THREADS / CHUNKS;
  const bf16* at;
  int64_t pitch32;  // elements of 32 rows
  int rowsLeft;     // from this thread's first one on
  int place;

  DEVICE_MEMBER Source(const bf16* matrix, int64_t firstRow, int64_t rows, int pitch, int from) {
    int row = (int)threadIdx.x / CHUNKS, chunk = (int)threadIdx.x % CHUNKS;
    at = matrix + (firstRow + row) * pitch + from + chunk * 8;
    pitch32 = (int64_t)EVERY * pitch;
    rowsLeft = (int)(rows - firstRow < ROWS ? rows - firstRow : ROWS) - row;
    place = placeOf(row, chunk);
  }

  // Asks for the next 64 inputs; rows that there are not become zeros, and this thread's inputs
  // where `there` is not.
  DEVICE_MEMBER void fetch(uint4* stage, bool there) {
    if (ROWS >= EVERY || (int)threadIdx.x < ROWS * CHUNKS) {
#pragma unroll
      for (int i = 0; i < (ROWS + EVERY - 1) / EVERY; i++)
        copyAsync16(stage + place + i * EVERY * CHUNKS, at + i * pitch32,
                    i * EVERY < rowsLeft && there);
    }
    at += STEP;
  }
};

// N rows; the 8 warps stand WM along the outputs and 8 / WM along the rows.
template <int N, int WM, int STAGES>
DEVICE void product(const int* rows, const bf16* weights, const bf16* x, float* out, int outputs,
                    int inputs, int splitInputs, int64_t planeStride) {
  constexpr int WN = 8 / WM, M_TILES = TILE / 16 / WM, N_TILES = N / 8 / WN;
  constexpr int STAGE = (TILE + N) * CHUNKS;
  DYNAMIC_SHARED(uint4, stages);

  int64_t firstRow = (int64_t)blockIdx.x * N, firstOutput = (int64_t)blockIdx.y * TILE;
  int from = gridDim.z == 1 ? 0 : (int)blockIdx.z * splitInputs;
  int to = gridDim.z == 1 ? inputs : min(inputs, from + splitInputs);
  int steps = (to - from + STEP - 1) / STEP;
  int stepsOfSplit = splitInputs / STEP;
  // Inputs from this thread's chunk of a stage on.
  int inputsLeft = to - from - (int)threadIdx.x % CHUNKS * 8;
  Source<TILE> weightsOf(weights, firstOutput, outputs, inputs, from);

  // Weights are nobody's result: the first of them come while the kernel before this one ends.
  letNextBegin();
  bool early = blockIdx.x == 0;
  if (early) {
    for (int s = 0; s < STAGES - 1; s++)
      if (s < steps) weightsOf.fetch(stages + s * STAGE, s * STEP < inputsLeft);
  }
  waitForBefore();
  int count = *rows;
  if (firstRow >= count) return;
  Source<N> rowsOf(x, firstRow, count, inputs, from);
  for (int s = 0; s < STAGES - 1; s++) {
    if (s < steps) {
      uint4* stage = stages + s * STAGE;
      if (!early) weightsOf.fetch(stage, s * STEP < inputsLeft);
      rowsOf.fetch(stage + TILE * CHUNKS, s * STEP < inputsLeft);
    }
    commitAsync();
  }

  int lane = (int)threadIdx.x % 32, g = lane / 4, t = lane % 4;
  int wm = (int)threadIdx.x / 32 % WM, wn = (int)threadIdx.x / 32 / WM;
  float sum[M_TILES][N_TILES][4] = {};
  typename Parked<(N >= 64)>::Float total[M_TILES][N_TILES][4];  // used at the ends of splits alone

  int splitEnd = stepsOfSplit, stageAt = 0;
  for (int step = 0; step < steps; step++) {
    if (!MUTANT(3)) waitAsync<STAGES - 2>();
    if (!MUTANT(4)) __syncthreads();
    if (step + STAGES - 1 < steps) {
      uint4* stage = stages + (stageAt == 0 ? STAGES - 1 : stageAt - 1) * STAGE;
      bool there = (step + STAGES - 1) * STEP < inputsLeft;
      weightsOf.fetch(stage, there);
      rowsOf.fetch(stage + TILE * CHUNKS, there);
    }
    commitAsync();

    const uint4* stage = stages + stageAt * STAGE;
    stageAt = stageAt == STAGES - 1 ? 0 : stageAt + 1;
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
      for (int n = 0; n < N_TILES; n++)
        b[n] = stage[TILE * CHUNKS + placeOf((wn * N_TILES + n) * 8 + g, 4 * half + t)];
      multiply32(sum, a, b);
    }

    if (step + 1 == splitEnd && splitEnd < steps) {
#pragma unroll
      for (int m = 0; m < M_TILES; m++)
#pragma unroll
        for (int n = 0; n < N_TILES; n++)
#pragma unroll
          for (int i = 0; i < 4; i++) {
            total[m][n][i] =
                splitEnd == stepsOfSplit ? sum[m][n][i] : total[m][n][i] + sum[m][n][i];
            sum[m][n][i] = 0;
          }
      splitEnd += stepsOfSplit;
    }
  }

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
          plane[row * outputs + output] =
              splitEnd > stepsOfSplit ? total[m][n][i] + sum[m][n][i] : sum[m][n][i];
      }
}

}  // namespace

// Blocks that a multiprocessor of sm_90 is to have at once; elsewhere shared memory holds fewer, or
// registers suffice for fewer alone.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ == 900
#define AT_ONCE(blocks) blocks
#else
#define AT_ONCE(blocks) 1
#endif
#define PRODUCT(N, WM, STAGES, BLOCKS)                                                             \
  extern "C" __global__ void __launch_bounds__(THREADS, AT_ONCE(BLOCKS))                           \
      cf_product_##N(const int* rows, const bf16* weights, const bf16* x, float* out, int outputs, \
                     int inputs, int splitInputs, int64_t planeStride) {                           \
    product<N, WM, STAGES>(rows, weights, x, out, outputs, inputs, splitInputs, planeStride);      \
  }

PRODUCT(8, 8, 4, 3)
PRODUCT(16, 8, 4, 3)
PRODUCT(32, 4, 4, 2)
PRODUCT(64, 4, 4, 2)
PRODUCT(128, 2, 3, 2)
PRODUCT(256, 2, 3, 1)
