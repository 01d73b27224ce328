// The kernels of the CUDA executor: names, parameters in order, layouts, and how to launch each.
//
// Conventions
// - Names are C names in the fat binary. Parameters are passed as `cuLaunchKernel` takes them:
//   pointers of 8 bytes, int of 4, int64 of 8, float of 4. `bf16` is 16 bits, row-major everywhere.
//   All pointers are device addresses, aligned to 16 bytes unless an element is named alone.
// - What changes from step to step is read from device memory: counts (`const int* rows`, a pointer
//   to one int), tables, positions. Grids are chosen for a bucket (the most that the graph serves);
//   blocks behind the count return at once and write nothing. Counts may be 0.
// - Bits of a row depend on the row's own tokens alone: no grid dimension that is called free
//   below, no neighbour, and no place in a tile changes them. There are no atomics on
//   floating-point numbers.
// - Shared memory is dynamic where the table says so, else static (pass 0). Above 48 KB the host
//   raises CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES once for each function.
// - Programmatic dependent launch: on sm_90 and above each kernel first lets the next one start
//   (griddepcontrol.launch_dependents) and then, in all threads, waits for those before it to end
//   (griddepcontrol.wait). So the host may set
//   CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION = 1 on each of these launches that
//   directly follows another of them: while some kernels end, the next product already fetches its
//   first weights. Weights must therefore not be written by what runs right before on the same
//   stream.
// - Integers: sizes are positive; index products are computed in 64 bits.
//
// Limits: hidden, feed-forward and query widths are multiples of 8 (rows of 16 bytes); head
// dimension a multiple of 16 from 16 to 256; heads / kvHeads from 1 to 16; blockTokens 16.
#pragma once
#include <stdint.h>

typedef uint16_t bf16;

#ifdef __CUDACC__
#define HOST_DEVICE static inline __host__ __device__
#else
#define HOST_DEVICE static inline
#endif

// Merging a product's splits: planes of F32 [rows][outputs], `planeStride` elements apart, added in
// the order 0, 1, …, planeCount - 1, then `bias` [outputs] (may be null), then for rows whose slot
// is not 0 `delta` [rows][outputs] (may be null; the adapters' share). Where a kernel below takes
// `Planes`, it takes these parameters in this order:
//   const float* planes, int planeCount, int64_t planeStride, const float* bias, const float* delta,
//   const int* slotOfRow
#define PLANES                                                                                     \
  const float *planes, int planeCount, int64_t planeStride, const float *bias, const float *delta, \
      const int *slotOfRow

#ifndef KERNEL
#define KERNEL extern "C" __global__ void
#endif

// ---------------------------------------------------------------- rows

// stream[row][hidden] F32 = embedding[token[row]][hidden].
// grid (rows of the bucket), block 128.
KERNEL cf_embed(const int* rows, const int* token, const bf16* embedding, float* stream,
                int hidden);

// The same from a matrix in eight bits, as cf_product_int8_* and cf_product_fp8_* read it.
KERNEL cf_embed_int8(const int* rows, const int* token, const uint8_t* embedding,
                     const float* scale, float* stream, int hidden);
KERNEL cf_embed_fp8(const int* rows, const int* token, const uint8_t* embedding,
                    const float* scale, float* stream, int hidden);

// For i below *rows, r = rowIndex ? rowIndex[i] : i: where planeCount > 0, stream[r] += merged
// planes of row r; then normed[i] = stream[r] / rms(stream[r]) * weight (Zhang and Sennrich, 2019).
// `normed` BF16 and `normedF32` may each be null. The first norm of a step has planeCount 0; the
// final one gives the rows that are sampled as `rowIndex` (no row twice). hidden a multiple of 4
// here.
// grid (rows of the bucket), block 256.
KERNEL cf_norm(const int* rows, const int* rowIndex, float* stream, int hidden, PLANES,
               const float* weight, float epsilon, bf16* normed, float* normedF32);

// to[i] = from[rowIndex[i]]; rows of rowBytes, a multiple of 16. For the last layer, where only
// sampled rows go on.
// grid (rows of the bucket), block 128.
KERNEL cf_gather(const int* rows, const int* rowIndex, const void* from, void* to, int rowBytes);

// The planes are those of the fused projection [heads*d | kvHeads*d | kvHeads*d]. Merges them,
// normalises each head of query and key where queryNorm/keyNorm [d] are not null, rotates query and
// key (halves, as Hugging Face lays them out) by rotary[position][d/2] (pairs cosine, sine;
// attention factor multiplied in), writes the query in BF16 to query [rows][heads*d], and key and
// value in BF16 into the pool. Block of a row: blockTable[tableAt[row] + position[row]/16]; pool as
// `cf_attend_*` reads it.
// grid (rows of the bucket), block 256.
#define ROTATE_STORE                                                                       \
  const int *rows, PLANES, const float *queryNorm, const float *keyNorm, float epsilon,    \
      const float *rotary, const int *position, const int *tableAt, const int *blockTable, \
      bf16 *query, void *pool, int64_t blockElements, int layer, int heads, int kvHeads,   \
      int headDimension
KERNEL cf_rotate_store(ROTATE_STORE);
// The same with key and value in E4M3: each head's with the least power of two that they are at
// most 448 times as large as, from the numbers in F32.
KERNEL cf_rotate_store_fp8(ROTATE_STORE);

// The planes are those of the fused projection [gate | up], `width` each. out BF16 [rows][width] =
// gate * sigmoid(gate) * up (Shazeer, 2020). width a multiple of 4.
// grid (rows of the bucket, ceil(width / 1024)), block 256.
KERNEL cf_gate(const int* rows, PLANES, bf16* out, int width);

// ---------------------------------------------------------------- products

// out[row][outputs] F32 = x[row][inputs] · weights[outputs][inputs]ᵀ, sums in F32.
//
// Shape of the splits, a function of the matrix alone (never of rows or device): `productSplit`
// below gives the inputs of a split; splits = ceil(inputs / splitInputs). The LM head is passed
// splitInputs = inputs rounded up to a multiple of 64, for one split.
//
// Tile widths N: cf_product_8, _16, _32, _64, _128, _256. Free: which N (take the smallest that is
// at least the bucket's rows, 128 beyond 64; 256 where a block may have productShared(256) bytes
// and at least two full tiles for each multiprocessor come out), and gridZ: either 1 (one plane
// comes out, splits merged in order inside; planeCount 1 for the reader) or exactly `splits` (plane
// z is split z; planeCount = splits). Both give the reader the same bits. Take `splits` while
// ceil(rows / N) * ceil(outputs / 128) is less than the multiprocessors, else 1.
// grid (ceil(bucket / N), ceil(outputs / 128), gridZ), block 256, shared productShared(N).
KERNEL cf_product_8(const int* rows, const bf16* weights, const bf16* x, float* out, int outputs,
                    int inputs, int splitInputs, int64_t planeStride);
KERNEL cf_product_16(const int* rows, const bf16* weights, const bf16* x, float* out, int outputs,
                     int inputs, int splitInputs, int64_t planeStride);
KERNEL cf_product_32(const int* rows, const bf16* weights, const bf16* x, float* out, int outputs,
                     int inputs, int splitInputs, int64_t planeStride);
KERNEL cf_product_64(const int* rows, const bf16* weights, const bf16* x, float* out, int outputs,
                     int inputs, int splitInputs, int64_t planeStride);
KERNEL cf_product_128(const int* rows, const bf16* weights, const bf16* x, float* out, int outputs,
                      int inputs, int splitInputs, int64_t planeStride);
KERNEL cf_product_256(const int* rows, const bf16* weights, const bf16* x, float* out, int outputs,
                      int inputs, int splitInputs, int64_t planeStride);

// Inputs of a split; a multiple of 64. (The host's twin must be the same to the letter.)
HOST_DEVICE int productSplit(int outputs, int inputs) {
  int tiles = (outputs + 127) / 128;
  int splits = 144 / tiles < inputs / 256 ? 144 / tiles : inputs / 256;
  splits = splits < 1 ? 1 : splits > 16 ? 16 : splits;
  return ((inputs + splits - 1) / splits + 63) / 64 * 64;
}

// Bytes of shared memory of cf_product_N: stages of 64 inputs of 128 outputs and N rows, 4 of them,
// from N = 128 on 3. Up to N = 128 every device from sm_80 on has that for a block.
HOST_DEVICE int productShared(int n) { return (n >= 128 ? 3 : 4) * (128 + n) * 128; }

// The same with weights in eight bits, each output's (a row of the matrix) to be multiplied with
// its scale: out = (x · weightsᵀ) * scale[output]. `int8`: two's complement; `fp8`: E4M3 (OCP, 448
// the largest; 0x7F and 0xFF, which are no numbers, must not stand there). They become BF16
// exactly, and a split's sum is scaled in F32. N up to 128. A row has productPitch8(inputs) bytes, zeros at its end. Shapes,
// splits and grids as above; shared productShared8(N).
#define PRODUCT_OF_8(name)                                                                \
  KERNEL name(const int* rows, const uint8_t* weights, const float* scale, const bf16* x, \
              float* out, int outputs, int inputs, int splitInputs, int64_t planeStride)
PRODUCT_OF_8(cf_product_int8_8);
PRODUCT_OF_8(cf_product_int8_16);
PRODUCT_OF_8(cf_product_int8_32);
PRODUCT_OF_8(cf_product_int8_64);
PRODUCT_OF_8(cf_product_int8_128);
PRODUCT_OF_8(cf_product_fp8_8);
PRODUCT_OF_8(cf_product_fp8_16);
PRODUCT_OF_8(cf_product_fp8_32);
PRODUCT_OF_8(cf_product_fp8_64);
PRODUCT_OF_8(cf_product_fp8_128);

// Bytes of a row of weights in eight bits.
HOST_DEVICE int productPitch8(int inputs) { return (inputs + 15) / 16 * 16; }

// Stages are half as large for the weights; 6 of them, 4 for N = 128.
HOST_DEVICE int productShared8(int n) { return (n > 64 ? 4 : 6) * (64 + n) * 128; }

// ---------------------------------------------------------------- attention

// KV pool, BF16: [block][layer][K, then V][kvHead][16 tokens][d]; blockElements = layers * 2 *
// kvHeads * 16 * d.
// In eight bits (`_fp8`): [block][layer][K, then V][kvHead], kvHeadBytes8(d) each: the E4M3 codes
// [16 tokens][d], then their scales [16 tokens], BF16 powers of two, so that what attention reads
// (code times scale, a BF16 number) is what was stored, exactly; a scale that is not a number makes
// its head none. blockElements are bytes then: layers * 2 * kvHeads * kvHeadBytes8(d).
HOST_DEVICE int64_t kvHeadBytes8(int d) { return 16 * (int64_t)d + 32; }
//
// A tile is some neighbouring rows of one sequence. A sequence's rows of a step are cut into tiles
// of at most `attendRows` rows in order. Where to cut and which of the two kernels runs a tile is
// free.
struct AttendTile {
  int row;        // first row of the step
  int rows;       // rows, at least 1
  int position;   // of the first row; those of the others follow
  int tableAt;    // the sequence's first entry in blockTable
  int partialAt;  // first slot of `partials`, for cf_attend_small_* with one row; -1: none, the tile is done by one block
  int reserved[3];
};
// Positions are attended in splits of 512 (0…511, 512…1023, …), each by online softmax over 64
// positions at a time, and the splits are merged in order. A tile with partialAt >= 0 uses
// ceil((position + 1) / 512) slots from there on; a slot has heads * (d + 2) floats. Take -1 where
// that is 1 slot, or where enough blocks run anyway, or where `partials` is full; a tile of more
// rows than one must have -1.

// query BF16 [rows][heads*d] (as cf_rotate_store wrote it), out BF16 of the same shape. scale =
// 1/sqrt(d). Kernels by head dimension: _32 (16, 32), _64 (48, 64), _128 (80…128), _256 (144…256).
//
// small: tiles of at most attendRows(0, …) rows. grid (tiles of the bucket, kvHeads, gridZ), block
// 128, shared attendShared(0, D). gridZ free, from 1: blocks z, z + gridZ, … take the splits of a
// tile that has partials.
// large: tiles of at most attendRows(1, …) rows. grid (tiles of the bucket, kvHeads, 1), block 256,
// shared attendShared(1, D).
#define ATTEND                                                                         \
  const int *tiles, const AttendTile *tile, const bf16 *query, const void *pool,       \
      int64_t blockElements, const int *blockTable, int layer, int heads, int kvHeads, \
      int headDimension, float scale, bf16 *out, float *partials
KERNEL cf_attend_small_32(ATTEND);
KERNEL cf_attend_small_64(ATTEND);
KERNEL cf_attend_small_128(ATTEND);
KERNEL cf_attend_small_256(ATTEND);
KERNEL cf_attend_large_32(ATTEND);
KERNEL cf_attend_large_64(ATTEND);
KERNEL cf_attend_large_128(ATTEND);
KERNEL cf_attend_large_256(ATTEND);
// The same for a pool in eight bits; shared attendShared8(0 or 1, D).
KERNEL cf_attend_small_fp8_32(ATTEND);
KERNEL cf_attend_small_fp8_64(ATTEND);
KERNEL cf_attend_small_fp8_128(ATTEND);
KERNEL cf_attend_small_fp8_256(ATTEND);
KERNEL cf_attend_large_fp8_32(ATTEND);
KERNEL cf_attend_large_fp8_64(ATTEND);
KERNEL cf_attend_large_fp8_128(ATTEND);
KERNEL cf_attend_large_fp8_256(ATTEND);

// The same where an entry of blockTable may be below 0: ~entry is then a place in `opened` (not in the
// pool), where cf_open_layer left this layer of a block that is sealed in the pool, laid out as there:
// [place][K, then V][kvHead][16 tokens][d], or in eight bits [place][K, then V][kvHead].
#define ATTEND_OPENED ATTEND, const void *opened
KERNEL cf_attend_small_opened_32(ATTEND_OPENED);
KERNEL cf_attend_small_opened_64(ATTEND_OPENED);
KERNEL cf_attend_small_opened_128(ATTEND_OPENED);
KERNEL cf_attend_small_opened_256(ATTEND_OPENED);
KERNEL cf_attend_large_opened_32(ATTEND_OPENED);
KERNEL cf_attend_large_opened_64(ATTEND_OPENED);
KERNEL cf_attend_large_opened_128(ATTEND_OPENED);
KERNEL cf_attend_large_opened_256(ATTEND_OPENED);
KERNEL cf_attend_small_opened_fp8_32(ATTEND_OPENED);
KERNEL cf_attend_small_opened_fp8_64(ATTEND_OPENED);
KERNEL cf_attend_small_opened_fp8_128(ATTEND_OPENED);
KERNEL cf_attend_small_opened_fp8_256(ATTEND_OPENED);
KERNEL cf_attend_large_opened_fp8_32(ATTEND_OPENED);
KERNEL cf_attend_large_opened_fp8_64(ATTEND_OPENED);
KERNEL cf_attend_large_opened_fp8_128(ATTEND_OPENED);
KERNEL cf_attend_large_opened_fp8_256(ATTEND_OPENED);

// Most rows of a tile. A row of the tile and a query head of the group are one of the 16 (small),
// 128 (large) or, with head dimensions above 128, 64 (large) rows of the matrix instructions.
HOST_DEVICE int attendRows(int large, int heads, int kvHeads, int headDimension) {
  return (large ? headDimension > 128 ? 64 : 128 : 16) / (heads / kvHeads);
}

// Bytes of shared memory; D is the kernel's (32, 64, 128, 256).
HOST_DEVICE int attendShared(int large, int D) {
  int stages = D == 256 ? 1 : 2;
  int exchange = large ? D == 256 ? 4 * 2560 : 0 : 2560;
  return stages * 2 * 64 * D * 2 + exchange;
}

// With one stage whatever D: a tile is widened on its way there.
HOST_DEVICE int attendShared8(int large, int D) {
  return 2 * 64 * D * 2 + attendShared(large, D) - (D == 256 ? 1 : 2) * 2 * 64 * D * 2;
}

// Merges the slots of tiles that have partials into `out`. The others are left alone.
// grid (tiles of the bucket, heads), block 128.
KERNEL cf_attend_merge(const int* tiles, const AttendTile* tile, const float* partials, int heads,
                       int headDimension, bf16* out);

// ---------------------------------------------------------------- adapters (SGMV)

// Factors of one projection of one layer of one adapter. rank 0: the adapter does not change it.
struct LoraModule {
  const bf16* a;  // [rank][inputs]
  const bf16* b;  // [outputs][rank]
  int rank;
  float scale;
};
// modules[slot * slotStride + moduleAt + t]: t-th target of this launch; 7 for each layer in the
// order q, k, v, o, gate, up, down is the suggested layout (slotStride = 7 * layers, moduleAt = 7 *
// layer + target). Slot 0 is never read.

// Rows of one adapter: segmentRow[at] … segmentRow[at + rows - 1]. Rows of slot 0 are in no
// segment.
struct LoraSegment {
  int slot;
  int at;
  int rows;
  int reserved;
};

// shrunk[row][t][rankMax] F32 = A_t x[row] for t below `targets`. Each A starts at 16 bytes; inputs
// a multiple of 8. rankMax at least every rank, a multiple of 16, at most 256; segments of more
// than 64 rows are better cut (elements beyond a module's rank are not written).
// grid (segments of the bucket, targets, rankMax / 16), block 256.
KERNEL cf_lora_shrink(const int* segments, const LoraSegment* segment, const int* segmentRow,
                      const LoraModule* modules, int slotStride, int moduleAt, const bf16* x,
                      int inputs, float* shrunk, int rankMax);

// delta[row][width0 + width1 + width2] F32 = scale_t * B_t shrunk[row][t], 0 where rank is 0; for
// the rows of segments. Targets that there are not have width 0. Each B starts at 16 bytes.
// grid (segments of the bucket, ceil((width0 + width1 + width2) / 256)), block 256.
KERNEL cf_lora_expand(const int* segments, const LoraSegment* segment, const int* segmentRow,
                      const LoraModule* modules, int slotStride, int moduleAt, const float* shrunk,
                      int rankMax, float* delta, int targets, int width0, int width1, int width2);

// ---------------------------------------------------------------- sampling

// How a row is sampled; i-th row of logits [samples][vocabulary] F32. 64 bytes.
struct SampleSettings {
  float temperature;  // 0: greedy
  float topP;         // (0, 1]
  float minP;         // 0: none
  int topK;           // 0: all
  uint64_t seed;
  int outputIndex;
  int alternatives;  // -1: no log-probabilities; at most 20
  float repetition;  // penalties as `generation.Penalties`
  float presence;
  float frequency;
  int penaltyAt;     // first of its entries in `penalty`
  int penaltyCount;  // tokens of its history, each once; 0: no penalties
  int reserved[3];
};

// A token of input or output, and how often the output has it (0: it is in the input alone).
struct PenaltyEntry {
  int token;
  int times;
};

// 176 bytes.
struct SampleResult {
  int token;      // -1 where notFinite
  int notFinite;  // whether a logit is not finite
  float logprob;  // where asked for: of `token`, from the logits before penalties and temperature
  int reserved;
  int topToken[20];
  float topLogprob[20];
};

// Scratch of sampling, for each row of logits: sampleScratch(vocabulary) bytes, 16-aligned. Need
// not be cleared.
HOST_DEVICE int64_t sampleScratch(int vocabulary) {
  return ((vocabulary + 4095) / 4096 * 32 + 63) / 64 * 64;
}

// The four below run in this order on one stream. `before` has an element for each entry of
// `penalty`.
// Applies penalties in place. grid (samples of the bucket), block 256.
KERNEL cf_penalize(const int* samples, const SampleSettings* settings, const PenaltyEntry* penalty,
                   float* logits, int vocabulary, float* before);
// Largest logit and finiteness of each 4096. grid (ceil(vocabulary / 4096), samples of the bucket),
// block 256.
KERNEL cf_sample_scan(const int* samples, const float* logits, int vocabulary, void* scratch);
// The token: the same as `generation.Sampler`'s (order of filters, ties by id, Philox4x32-10) but
// for rounding: masses are F64 rounded to multiples of 2^-44 of the likeliest token's, and added as
// integers, in any order. Then takes penalties back. grid (samples of the bucket), block 1024.
KERNEL cf_sample(const int* samples, const SampleSettings* settings, const PenaltyEntry* penalty,
                 float* logits, int vocabulary, const float* before, const void* scratch,
                 SampleResult* result);
// Log-probabilities where asked for. grid (samples of the bucket), block 1024.
KERNEL cf_logprobs(const int* samples, const SampleSettings* settings, const float* logits,
                   int vocabulary, SampleResult* result);

// ---------------------------------------------------------------- blocks, outside of a step

// Zeroes listed blocks, at most 65,535 of them, as below. blockBytes a multiple of 16. grid
// (ceil(blockBytes / 65536), count), block 256.
KERNEL cf_zero_blocks(void* pool, int64_t blockBytes, const int* block, int count);

// residue[i] += bytes of block[i] that are not zero; the host clears residue before. grid as
// cf_zero_blocks.
KERNEL cf_residue(const void* pool, int64_t blockBytes, const int* block, int count,
                  unsigned long long* residue);

// AES-256 in counter mode, authenticated by Poly1305 (RFC 8439's construction with AES in the place
// of ChaCha20; encrypt, then MAC). Bytes are cut into parts of partBytes, a multiple of 16 up to
// SEAL_PART. Part p of seal n has counter blocks n (8 bytes, big-endian), p (4), counter (4):
// counters 0 and 1 make the part's Poly1305 key, 2 and following its keystream. The MAC is over the
// cipher text, zero-padded to nothing (it is a multiple of 16), followed by its length in bytes as 16
// bytes little-endian. tag p is 16 bytes at tags + 16 p.
#define SEAL_PART 8192
// Bytes of a part of blocks with so many bytes for each layer (a multiple of 16): the most that whole
// layers are made of, so that one can be opened without the others.
HOST_DEVICE int sealPart(int64_t layerBytes) {
  int part = layerBytes < SEAL_PART ? (int)layerBytes : SEAL_PART;
  while (layerBytes % part != 0) part -= 16;
  return part;
}
struct SealJob {
  const void* from;  // 16-aligned
  void* to;          // may be `from`
  void* tags;        // 16 bytes for each part
  uint64_t seal;     // number that was never used before under this key
  const uint32_t*
      key;  // the 60 words of the expanded key (FIPS 197, words w[0]…w[59], big-endian within a word)
  int broken;  // cf_open sets it to 1 where a tag is wrong; the host clears it before
  int reserved;
};
// cf_seal encrypts `parts` parts from → to and writes tags. cf_open checks tags and decrypts from →
// to, all in one pass: `to` holds nothing to be used until cf_open_verdict has run on the same
// stream, which zeroes `to` of jobs that are broken; bytes = parts * partBytes.
// cf_seal, cf_open: grid free (suggested: 2 * multiprocessors, at most ceil(jobs * parts / 8)),
// block 256, shared SEAL_SHARED. cf_open_verdict: grid (ceil(bytes / 65536), jobs), block 256.
#define SEAL_SHARED (65536 + 8 * 256)
KERNEL cf_seal(const SealJob* job, int jobs, int parts, int partBytes);
KERNEL cf_open(SealJob* job, int jobs, int parts, int partBytes);
KERNEL cf_open_verdict(const SealJob* job, int jobs, int64_t bytes);

// Within a step: cf_open_layer opens one layer, which is `parts` parts, of the block at each `from`,
// and writes it to `to`, which is as long as a layer. cf_open_layer_verdict then zeroes `to` of the
// jobs that are broken, in this layer or in one before, and sets *broken to 1 where there is one.
// cf_open_layer: grid as cf_open's. cf_open_layer_verdict: grid (jobs of the bucket), block 256.
KERNEL cf_open_layer(const int* jobs, SealJob* job, int layer, int parts, int partBytes);
KERNEL cf_open_layer_verdict(const int* jobs, const SealJob* job, int64_t layerBytes, int* broken);
