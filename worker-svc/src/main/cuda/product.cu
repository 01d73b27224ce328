// Products of rows with a matrix of weights, for few rows (limited by memory: weights stream
// through shared memory once) and for many (limited by the tensor cores), by one order of
// additions: 16 inputs at a time from the first to the last of a split, then the splits in order.
// So a row has the same bits in a decode of one row and in a prefill of thousands.
#include "device.cuh"

namespace {

constexpr int TILE = 128;  // outputs of a block
constexpr int STEP = 64;   // inputs of a stage: 128 bytes of each row in BF16, 64 in eight bits
constexpr int CHUNKS = 8;  // of 16 bytes in those in BF16
constexpr int THREADS = 256;

// How weights are kept: their bytes, and how a lane's eight of 32 inputs are read from a stage and
// become BF16, exactly. Eight bits have a scale for each output, which its sums are multiplied
// with.
struct Halves {
  static constexpr int BYTES = 2;
  static constexpr bool SCALED = false;
};
struct Int8 {
  static constexpr int BYTES = 1;
  static constexpr bool SCALED = true;
  DEVICE_MEMBER static uint4 widen(uint2 v) { return widenInt8(v); }
};
struct Fp8 {
  static constexpr int BYTES = 1;
  static constexpr bool SCALED = true;
  DEVICE_MEMBER static uint4 widen(uint2 v) { return widenFp8(v); }
};

// Where chunk `chunk` of row `row` stands in a stage, in units of 16 bytes. Eight lanes of a load
// read four neighbouring chunks of two neighbouring rows: with the halves of odd rows swapped these
// are all 32 banks.
DEVICE int placeOf(int row, int chunk) { return row * CHUNKS + (chunk ^ ((row & 1) << 2)); }

// The same for rows of eight bits, four chunks each. Sixteen lanes of a load read 32 neighbouring
// bytes of four neighbouring rows: with the halves of two of them swapped these are all banks.
DEVICE int placeOfBytes(int row, int chunk) { return row * (CHUNKS / 2) + (chunk ^ (row & 2)); }

// The rows of a stage, and what each thread copies of them: a chunk of every 32nd row, or 64th in
// eight bits. Stages are asked for in order.
template <int ROWS, int BYTES>
struct Source {
  static constexpr int OF_ROW = CHUNKS * BYTES / 2;
  static constexpr int EVERY = THREADS / OF_ROW;
  const char* at;
  int64_t pitchEvery;  // bytes of so many rows
  int rowsLeft;        // from this thread's first one on
  int inputsLeft;      // from this thread's chunk of the first stage on
  int place;

  // A row has `pitch` elements; inputs from..to are asked for.
  DEVICE_MEMBER Source(const void* matrix, int64_t firstRow, int64_t rows, int pitch, int from,
                       int to) {
    int row = (int)threadIdx.x / OF_ROW, chunk = (int)threadIdx.x % OF_ROW;
    at = (const char*)matrix + ((firstRow + row) * pitch + from) * BYTES + chunk * 16;
    pitchEvery = (int64_t)EVERY * pitch * BYTES;
    rowsLeft = (int)(rows - firstRow < ROWS ? rows - firstRow : ROWS) - row;
    inputsLeft = to - from - chunk * (16 / BYTES);
    place = BYTES == 2 ? placeOf(row, chunk) : placeOfBytes(row, chunk);
  }

  // Asks for the next 64 inputs, `done` of them before; rows and inputs that there are not become
  // zeros.
  DEVICE_MEMBER void fetch(uint4* stage, int done) {
    bool there = done < inputsLeft;
    if (ROWS >= EVERY || (int)threadIdx.x < ROWS * OF_ROW) {
#pragma unroll
      for (int i = 0; i < (ROWS + EVERY - 1) / EVERY; i++)
        copyAsync16(stage + place + i * EVERY * OF_ROW, at + i * pitchEvery,
                    i * EVERY < rowsLeft && there);
    }
    at += STEP * BYTES;
  }
};

// N rows; the 8 warps stand WM along the outputs and 8 / WM along the rows. `scale` of each output
// where weights have one.
template <class W, int N, int WM, int STAGES>
DEVICE void product(const int* rows, const void* weights, const float* scale, const bf16* x,
                    float* out, int outputs, int inputs, int splitInputs, int64_t planeStride) {
  constexpr int WN = 8 / WM, M_TILES = TILE / 16 / WM, N_TILES = N / 8 / WN;
  constexpr int OF_WEIGHTS = TILE * CHUNKS * W::BYTES / 2;  // chunks of a stage
  constexpr int STAGE = OF_WEIGHTS + N * CHUNKS;
  DYNAMIC_SHARED(uint4, stages);

  int64_t firstRow = (int64_t)blockIdx.x * N, firstOutput = (int64_t)blockIdx.y * TILE;
  int from = gridDim.z == 1 ? 0 : (int)blockIdx.z * splitInputs;
  int to = gridDim.z == 1 ? inputs : min(inputs, from + splitInputs);
  int steps = (to - from + STEP - 1) / STEP;
  int stepsOfSplit = splitInputs / STEP;
  int pitch = W::BYTES == 2 ? inputs : productPitch8(inputs);
  Source<TILE, W::BYTES> weightsOf(weights, firstOutput, outputs, pitch, from, to);

  // Weights are nobody's result: the first of them come while the kernel before this one ends.
  letNextBegin();
  bool early = blockIdx.x == 0;
  if (early) {
    for (int s = 0; s < STAGES - 1; s++)
      if (s < steps) weightsOf.fetch(stages + s * STAGE, s * STEP);
  }
  waitForBefore();
  int count = *rows;
  if (firstRow >= count) return;
  Source<N, 2> rowsOf(x, firstRow, count, inputs, from, to);
  for (int s = 0; s < STAGES - 1; s++) {
    if (s < steps) {
      uint4* stage = stages + s * STAGE;
      if (!early) weightsOf.fetch(stage, s * STEP);
      rowsOf.fetch(stage + OF_WEIGHTS, s * STEP);
    }
    commitAsync();
  }

  int lane = (int)threadIdx.x % 32, g = lane / 4, t = lane % 4;
  int wm = (int)threadIdx.x / 32 % WM, wn = (int)threadIdx.x / 32 / WM;
  float sum[M_TILES][N_TILES][4] = {};
  typename Parked<(N >= 64)>::Float total[M_TILES][N_TILES][4];  // used at the ends of splits alone

  // A split's sum as readers of planes see it: scaled before it is added to others.
  auto scaled = [&](float of, int m, int i) {
    if (!W::SCALED) return of;
    int64_t output = firstOutput + (wm * M_TILES + m) * 16 + g + (MUTANT(17) ? 0 : i / 2 * 8);
    return output < outputs ? of * scale[output] : 0;
  };

  int splitEnd = stepsOfSplit, stageAt = 0;
  for (int step = 0; step < steps; step++) {
    if (!MUTANT(3)) waitAsync<STAGES - 2>();
    if (!MUTANT(4)) __syncthreads();
    if (step + STAGES - 1 < steps) {
      uint4* stage = stages + (stageAt == 0 ? STAGES - 1 : stageAt - 1) * STAGE;
      weightsOf.fetch(stage, (step + STAGES - 1) * STEP);
      rowsOf.fetch(stage + OF_WEIGHTS, (step + STAGES - 1) * STEP);
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
        if constexpr (W::BYTES == 2) {
          a[m][0] = stage[placeOf(row, 4 * half + t)];
          a[m][1] = stage[placeOf(row + 8, 4 * half + t)];
        } else {
          const uint2* eights = (const uint2*)stage;
          a[m][0] = W::widen(eights[2 * placeOfBytes(row, 2 * half + t / 2) + t % 2]);
          a[m][1] = W::widen(eights[2 * placeOfBytes(row + 8, 2 * half + t / 2) + t % 2]);
        }
      }
#pragma unroll
      for (int n = 0; n < N_TILES; n++)
        b[n] = stage[OF_WEIGHTS + placeOf((wn * N_TILES + n) * 8 + g, 4 * half + t)];
      multiply32(sum, a, b);
    }

    if (step + 1 == splitEnd && splitEnd < steps) {
#pragma unroll
      for (int m = 0; m < M_TILES; m++)
#pragma unroll
        for (int n = 0; n < N_TILES; n++)
#pragma unroll
          for (int i = 0; i < 4; i++) {
            float ofSplit = scaled(sum[m][n][i], m, i);
            total[m][n][i] = splitEnd == stepsOfSplit ? ofSplit : total[m][n][i] + ofSplit;
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
        if ((row < count || MUTANT(5)) && output < outputs) {
          float ofSplit = scaled(sum[m][n][i], m, i);
          plane[row * outputs + output] =
              splitEnd > stepsOfSplit ? total[m][n][i] + ofSplit : ofSplit;
        }
      }
}

}  // namespace

// Blocks that a multiprocessor of sm_90 is to have at once; elsewhere shared memory holds fewer, or
// registers suffice for fewer alone.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ == 900
#define RESIDENT(blocks) blocks
#else
#define RESIDENT(blocks) 1
#endif
#define PRODUCT(N, WM, STAGES, BLOCKS)                                                             \
  extern "C" __global__ void __launch_bounds__(THREADS, RESIDENT(BLOCKS))                          \
      cf_product_##N(const int* rows, const bf16* weights, const bf16* x, float* out, int outputs, \
                     int inputs, int splitInputs, int64_t planeStride) {                           \
    product<Halves, N, WM, STAGES>(rows, weights, nullptr, x, out, outputs, inputs, splitInputs,   \
                                   planeStride);                                                   \
  }

PRODUCT(8, 8, 4, 3)
PRODUCT(16, 8, 4, 3)
PRODUCT(32, 4, 4, 2)
PRODUCT(64, 4, 4, 2)
PRODUCT(128, 2, 3, 2)
PRODUCT(256, 2, 3, 1)

// In eight bits a block has more stages for the same bytes on their way; where rows are many, warps
// stand more along the outputs, so that fewer of them widen the same weights. For tiles of 256 rows
// registers do not suffice.
#define PRODUCT_8(NAME, W, N, WM, STAGES, BLOCKS)                                             \
  extern "C" __global__ void __launch_bounds__(THREADS, RESIDENT(BLOCKS)) NAME##_##N(         \
      const int* rows, const uint8_t* weights, const float* scale, const bf16* x, float* out, \
      int outputs, int inputs, int splitInputs, int64_t planeStride) {                        \
    product<W, N, WM, STAGES>(rows, weights, scale, x, out, outputs, inputs, splitInputs,     \
                              planeStride);                                                   \
  }
#define PRODUCTS_8(NAME, W)       \
  PRODUCT_8(NAME, W, 8, 8, 6, 3)  \
  PRODUCT_8(NAME, W, 16, 8, 6, 3) \
  PRODUCT_8(NAME, W, 32, 4, 6, 2) \
  PRODUCT_8(NAME, W, 64, 4, 6, 2) \
  PRODUCT_8(NAME, W, 128, 4, 4, 2)

PRODUCTS_8(cf_product_int8, Int8)
PRODUCTS_8(cf_product_fp8, Fp8)
