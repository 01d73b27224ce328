/*
 * BF16 weights on AMX. An element of the input is the sum of two BF16 numbers, the nearest one and
 * the nearest to the rest, which leaves out less than 2^-16 of it. Sums are F32, as the tile
 * multiply-add forms them (Intel SDM, TDPBF16PS), over 32 inputs at a time: the first parts, then
 * the second.
 *
 * Packed input: for every 16 rows, for every 32 inputs, a tile of the first parts and one of the
 * second.
 */
#include "tiles.h"

#define TILE_INPUTS 32
#define STEP_BYTES (2 * TILE_BYTES)

static long block_bytes(int inputs) {
  return (long)((inputs + TILE_INPUTS - 1) / TILE_INPUTS) * STEP_BYTES;
}

PACK(cofferdam_bf16_pack) {
  for (int row = from_row; row < to_row; row++) {
    const float *from = x + (long)row * x_stride;
    char *to = (char *)packed + row / BLOCK_ROWS * block_bytes(inputs) + row % BLOCK_ROWS * 64;
    for (int i = 0; i < inputs; i += 16) {
      __mmask16 mask = inputs - i >= 16 ? 0xFFFF : (__mmask16)((1 << (inputs - i)) - 1);
      __m512 value = _mm512_maskz_loadu_ps(mask, from + i);
      __m256i first = (__m256i)_mm512_cvtneps_pbh(value);
      __m512 kept = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(first), 16));
      __m256i second = (__m256i)_mm512_cvtneps_pbh(_mm512_sub_ps(value, kept));
      char *at = to + i / TILE_INPUTS * STEP_BYTES + i % TILE_INPUTS * 2;
      _mm256_store_si256((__m256i *)at, first);
      _mm256_store_si256((__m256i *)(at + TILE_BYTES), second);
      if (i % TILE_INPUTS == 0 && i + 16 >= inputs) {
        _mm256_store_si256((__m256i *)(at + 32), _mm256_setzero_si256());
        _mm256_store_si256((__m256i *)(at + TILE_BYTES + 32), _mm256_setzero_si256());
      }
    }
  }
}

/* One block of rows by four tiles of outputs. */
INLINE void block_by_4(const char *x, const weight_tiles *w, int words, int panel, float *const *y,
                       long y_bytes) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int word = 0; word < words; word += TILE_WORDS, x += STEP_BYTES) {
    _tile_loadd(4, x, 64);
    _tile_loadd(5, x + TILE_BYTES, 64);
    for (int n = 0; n < 4; n++) {
      prefetch_tile(w->at[n] + (long)word * panel, panel);
    }
    LOAD_WEIGHTS(6, w, 0, word, words, panel);
    LOAD_WEIGHTS(7, w, 1, word, words, panel);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(0, 5, 6);
    _tile_dpbf16ps(1, 5, 7);
    LOAD_WEIGHTS(6, w, 2, word, words, panel);
    LOAD_WEIGHTS(7, w, 3, word, words, panel);
    _tile_dpbf16ps(2, 4, 6);
    _tile_dpbf16ps(3, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, y[0], y_bytes);
  _tile_stored(1, y[1], y_bytes);
  _tile_stored(2, y[2], y_bytes);
  _tile_stored(3, y[3], y_bytes);
}

/* One block of rows by two tiles of outputs. */
INLINE void block_by_2(const char *x, const weight_tiles *w, int words, int panel, float *const *y,
                       long y_bytes) {
  _tile_zero(0);
  _tile_zero(1);
  for (int word = 0; word < words; word += TILE_WORDS, x += STEP_BYTES) {
    _tile_loadd(4, x, 64);
    _tile_loadd(5, x + TILE_BYTES, 64);
    LOAD_WEIGHTS(6, w, 0, word, words, panel);
    LOAD_WEIGHTS(7, w, 1, word, words, panel);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(0, 5, 6);
    _tile_dpbf16ps(1, 5, 7);
  }
  _tile_stored(0, y[0], y_bytes);
  _tile_stored(1, y[1], y_bytes);
}

/* Two blocks of rows by two tiles of outputs. */
INLINE void blocks_by_2(const char *x, long x_next, const weight_tiles *w, int words, int panel,
                        float *const *y, long y_bytes) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int word = 0; word < words; word += TILE_WORDS, x += STEP_BYTES) {
    LOAD_WEIGHTS(6, w, 0, word, words, panel);
    LOAD_WEIGHTS(7, w, 1, word, words, panel);
    _tile_loadd(4, x, 64);
    _tile_loadd(5, x + x_next, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
    _tile_loadd(4, x + TILE_BYTES, 64);
    _tile_loadd(5, x + x_next + TILE_BYTES, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, y[0], y_bytes);
  _tile_stored(1, y[1], y_bytes);
  _tile_stored(2, y[0] + BLOCK_ROWS * (y_bytes / 4), y_bytes);
  _tile_stored(3, y[1] + BLOCK_ROWS * (y_bytes / 4), y_bytes);
}

#define UPPER(p) _mm512_castsi512_ps(_mm512_and_si512(p, _mm512_set1_epi32((int)0xFFFF0000)))
#define LOWER(p) _mm512_castsi512_ps(_mm512_slli_epi32(p, 16))

/* One row by two or four tiles of outputs, without tiles: these wait for memory where multiply-adds
   of vectors, interleaved with prefetches, do not. The same sums in the same order (Intel SDM,
   TDPBF16PS): of 32 inputs the even ones and the odd ones by a chain each, and numbers below the
   normal ones are zero, which the caller has set. */
INLINE void row_by(const int tiles, const char *x, const weight_tiles *w, int words, int panel,
                   float *const *y) {
  __m512 sums[4];
#pragma GCC unroll 4
  for (int n = 0; n < tiles; n++) {
    sums[n] = _mm512_setzero_ps();
  }
  for (int word = 0; word < words; word += TILE_WORDS, x += STEP_BYTES) {
    const int whole = word + TILE_WORDS <= words;
    const long stride = whole ? panel : TILE_OUTPUTS;
    const int32_t *at[4];
    __m512 first_even[4], first_odd[4], second_even[4], second_odd[4];
#pragma GCC unroll 4
    for (int n = 0; n < tiles; n++) {
      at[n] = whole ? w->at[n] + (long)word * panel : w->last[n];
      first_even[n] = first_odd[n] = second_even[n] = second_odd[n] = _mm512_setzero_ps();
    }
    for (int i = 0; i < TILE_WORDS; i++) {
      const int32_t *pairs = (const int32_t *)x + i;
      __m512i first = _mm512_set1_epi32(pairs[0]);
      __m512i second = _mm512_set1_epi32(pairs[TILE_BYTES / 4]);
#pragma GCC unroll 4
      for (int n = 0; n < tiles; n++) {
        const int32_t *p = at[n] + i * stride;
        PREFETCH_ROW(p);
        __m512i pair = _mm512_loadu_si512(p);
        first_even[n] = _mm512_fmadd_ps(LOWER(first), LOWER(pair), first_even[n]);
        first_odd[n] = _mm512_fmadd_ps(UPPER(first), UPPER(pair), first_odd[n]);
        second_even[n] = _mm512_fmadd_ps(LOWER(second), LOWER(pair), second_even[n]);
        second_odd[n] = _mm512_fmadd_ps(UPPER(second), UPPER(pair), second_odd[n]);
      }
    }
#pragma GCC unroll 4
    for (int n = 0; n < tiles; n++) {
      sums[n] = _mm512_add_ps(sums[n], _mm512_add_ps(first_even[n], first_odd[n]));
      sums[n] = _mm512_add_ps(sums[n], _mm512_add_ps(second_even[n], second_odd[n]));
    }
  }
#pragma GCC unroll 4
  for (int n = 0; n < tiles; n++) {
    _mm512_storeu_ps(y[n], sums[n]);
  }
}

/* All panels for a single row. */
INLINE void sweep_row(const char *x, const int32_t *weights, float *y, int inputs, int panel,
                      int from, int to) {
  const unsigned control = _mm_getcsr();
  weight_tiles w;
  float *out[4];
  _mm_setcsr(control | _MM_FLUSH_ZERO_ON | _MM_DENORMALS_ZERO_ON);
  for (int output = from * panel; output < to * panel; output += w.outputs) {
    begin_tiles(&w, weights, output, to * panel, 4, inputs / 2, panel);
    for (int n = 0; n < w.tiles; n++) {
      out[n] = y + w.output[n];
    }
    if (w.tiles == 4) {
      row_by(4, x, &w, inputs / 2, panel, out);
    } else {
      row_by(2, x, &w, inputs / 2, panel, out);
    }
  }
  _mm_setcsr(control);
}

/* All panels for rows that make whole blocks, or for less than a block of them. */
INLINE void sweep(const char *x, const int32_t *weights, float *y, int rows, int inputs, int panel,
                  int from, int to, int y_stride) {
  const int words = inputs / 2;
  const long x_next = block_bytes(inputs);
  const long y_bytes = (long)y_stride * 4;
  const int at_once = rows > BLOCK_ROWS ? 2 : 4;
  weight_tiles w;
  float *out[4];
  configure_tiles(rows < BLOCK_ROWS ? rows : BLOCK_ROWS);
  for (int output = from * panel; output < to * panel; output += w.outputs) {
    begin_tiles(&w, weights, output, to * panel, at_once, words, panel);
    for (int n = 0; n < w.tiles; n++) {
      out[n] = y + w.output[n];
    }
    if (w.tiles == 4) {
      block_by_4(x, &w, words, panel, out, y_bytes);
      continue;
    }
    int row = 0;
    for (; row + 2 * BLOCK_ROWS <= rows; row += 2 * BLOCK_ROWS) {
      blocks_by_2(x + row / BLOCK_ROWS * x_next, x_next, &w, words, panel, out, y_bytes);
      out[0] += 2 * BLOCK_ROWS * (long)y_stride;
      out[1] += 2 * BLOCK_ROWS * (long)y_stride;
    }
    if (row < rows) {
      block_by_2(x + row / BLOCK_ROWS * x_next, &w, words, panel, out, y_bytes);
    }
  }
}

MULTIPLY(cofferdam_bf16_amx) {
  (void)scales;
  const int full = rows / BLOCK_ROWS * BLOCK_ROWS;
  if (full > 0) {
    sweep(x, weights, y, full, inputs, panel, from, to, y_stride);
  }
  if (full < rows) {
    const char *rest = (const char *)x + full / BLOCK_ROWS * block_bytes(inputs);
    float *y_rest = y + (long)full * y_stride;
    if (rows - full == 1) {
      sweep_row(rest, weights, y_rest, inputs, panel, from, to);
    } else {
      sweep(rest, weights, y_rest, rows - full, inputs, panel, from, to, y_stride);
    }
  }
  if (rows > 1) {
    _tile_release();
  }
}
