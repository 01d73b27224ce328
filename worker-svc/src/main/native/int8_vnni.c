/* The packing of int8's input, for AVX-512, and its products with AVX-512 VNNI. */
#include "int8.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define LARGEST 32639
#define ROWS 4 /* 16 sums, 2 vectors of weights */

static __mmask16 mask_of(int left) {
  return left >= 16 ? 0xFFFF : left <= 0 ? 0 : (__mmask16)((1 << left) - 1);
}

/* The row's largest absolute value; not finite where one of its elements is not. */
static float largest(const float *x, int inputs) {
  const __m512i magnitude = _mm512_set1_epi32(0x7FFFFFFF);
  __m512i most = _mm512_setzero_si512();
  for (int i = 0; i < inputs; i += 16) {
    __m512i bits = _mm512_maskz_loadu_epi32(mask_of(inputs - i), x + i);
    most = _mm512_max_epu32(most, _mm512_and_si512(bits, magnitude));
  }
  uint32_t bits = _mm512_reduce_max_epu32(most);
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

static void pack_row(const float *x, int inputs, block_head *head, int row) {
  float most = largest(x, inputs);
  float scale = most / LARGEST;
  float inverse = LARGEST / most;
  if (!isfinite(most)) {
    scale = NAN; /* makes all outputs of the row NaN */
    inverse = 0;
  } else if (scale < FLT_MIN) {
    scale = inverse = 0;
  }
  char *tiles = (char *)head + HEAD_BYTES + row * 64;
  __m512i sum_high = _mm512_setzero_si512();
  __m512i sum_low = sum_high;
  for (int i = 0; i < (inputs + INT8_TILE_INPUTS - 1) / INT8_TILE_INPUTS * INT8_TILE_INPUTS; i += 16) {
    __m512 value = _mm512_maskz_loadu_ps(mask_of(inputs - i), x + i);
    __m512i whole = _mm512_cvtps_epi32(_mm512_mul_ps(value, _mm512_set1_ps(inverse)));
    __m512i high = _mm512_srai_epi32(_mm512_add_epi32(whole, _mm512_set1_epi32(128)), 8);
    __m512i low = _mm512_sub_epi32(whole, _mm512_slli_epi32(high, 8));
    sum_high = _mm512_add_epi32(sum_high, high);
    sum_low = _mm512_add_epi32(sum_low, low);
    char *at = tiles + i / INT8_TILE_INPUTS * INT8_STEP_BYTES + i % INT8_TILE_INPUTS;
    _mm_store_si128((__m128i *)at, _mm512_cvtepi32_epi8(high));
    _mm_store_si128((__m128i *)(at + LOW_DIGITS), _mm512_cvtepi32_epi8(low));
  }
  head->scale[row] = scale;
  head->sum_high[row] = _mm512_reduce_add_epi32(sum_high);
  head->sum_low[row] = _mm512_reduce_add_epi32(sum_low);
}

PACK(cofferdam_int8_pack) {
  for (int row = from_row; row < to_row; row++) {
    block_head *head =
        (block_head *)((char *)packed + row / BLOCK_ROWS * int8_block_bytes(inputs));
    pack_row(x + (long)row * x_stride, inputs, head, row % BLOCK_ROWS);
  }
}

/* `rows` rows of a block by two vectors of outputs; words of a panel of 16 lie 16 apart. */
INLINE void tile(const int rows, const block_head *head, int row, const int32_t *w, int words,
                 int panel, const float *scales, float *y, long y_stride) {
  const int vectors = panel / 16;
  __m512i high[ROWS][2];
  __m512i low[ROWS][2];
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) {
    high[r][0] = high[r][1] = low[r][0] = low[r][1] = _mm512_setzero_si512();
  }
  const char *x = (const char *)head + HEAD_BYTES + row * 64;
  for (int word = 0; word < words; word++, w += panel) {
    __builtin_prefetch((const char *)w + 4096);
    __m512i w0 = _mm512_loadu_si512(w);
    __m512i w1 = vectors == 2 ? _mm512_loadu_si512(w + 16) : w0;
    const char *at = x + word / 16 * INT8_STEP_BYTES + word % 16 * 4;
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++) {
      __m512i h = _mm512_set1_epi32(*(const int32_t *)(at + r * 64));
      __m512i l = _mm512_set1_epi32(*(const int32_t *)(at + r * 64 + LOW_DIGITS));
      high[r][0] = _mm512_dpbusd_epi32(high[r][0], w0, h);
      high[r][1] = _mm512_dpbusd_epi32(high[r][1], w1, h);
      low[r][0] = _mm512_dpbusd_epi32(low[r][0], w0, l);
      low[r][1] = _mm512_dpbusd_epi32(low[r][1], w1, l);
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) {
    for (int v = 0; v < vectors; v++) {
      _mm512_storeu_ps(y + r * y_stride + v * 16,
                       int8_value(head, row + r, high[r][v], low[r][v], scales + v * 16));
    }
  }
}

/* One row by `panels` panels of `vectors` vectors, so many words apart. */
INLINE void row_by(const int panels, const int vectors, const block_head *head, const int32_t *w,
                   long panel_words, int words, const float *scales, float *y) {
  __m512i high[2][2];
  __m512i low[2][2];
#pragma GCC unroll 2
  for (int p = 0; p < panels; p++) {
    high[p][0] = high[p][1] = low[p][0] = low[p][1] = _mm512_setzero_si512();
  }
  const char *x = (const char *)head + HEAD_BYTES;
  for (int word = 0; word < words; word++, w += vectors * 16) {
    const char *at = x + word / 16 * INT8_STEP_BYTES + word % 16 * 4;
    __m512i h = _mm512_set1_epi32(*(const int32_t *)at);
    __m512i l = _mm512_set1_epi32(*(const int32_t *)(at + LOW_DIGITS));
#pragma GCC unroll 2
    for (int p = 0; p < panels; p++) {
#pragma GCC unroll 2
      for (int v = 0; v < vectors; v++) {
        const int32_t *codes = w + p * panel_words + v * 16;
        PREFETCH_ROW(codes);
        __m512i code = _mm512_loadu_si512(codes);
        high[p][v] = _mm512_dpbusd_epi32(high[p][v], code, h);
        low[p][v] = _mm512_dpbusd_epi32(low[p][v], code, l);
      }
    }
  }
#pragma GCC unroll 2
  for (int p = 0; p < panels; p++) {
#pragma GCC unroll 2
    for (int v = 0; v < vectors; v++) {
      const int output = (p * vectors + v) * 16;
      _mm512_storeu_ps(y + output, int8_value(head, 0, high[p][v], low[p][v], scales + output));
    }
  }
}

/* A single row, the first of its block, two panels at a time. */
MULTIPLY(cofferdam_int8_row) {
  (void)rows;
  (void)y_stride;
  const int words = inputs / 4;
  const long panel_words = (long)panel * words;
  for (int p = from; p < to; p += 2) {
    const int32_t *w = (const int32_t *)weights + p * panel_words;
    const float *s = scales + (long)p * panel;
    float *out = y + (long)p * panel;
    if (panel == 32 && to - p > 1) {
      row_by(2, 2, x, w, panel_words, words, s, out);
    } else if (panel == 32) {
      row_by(1, 2, x, w, panel_words, words, s, out);
    } else if (to - p > 1) {
      row_by(2, 1, x, w, panel_words, words, s, out);
    } else {
      row_by(1, 1, x, w, panel_words, words, s, out);
    }
  }
}

MULTIPLY(cofferdam_int8_vnni) {
  if (rows == 1) {
    cofferdam_int8_row(x, weights, scales, y, rows, inputs, panel, from, to, y_stride);
    return;
  }
  const int words = inputs / 4;
  for (int p = from; p < to; p++) {
    const int32_t *w = (const int32_t *)weights + (long)p * panel * words;
    const float *s = scales + (long)p * panel;
    for (int row = 0; row < rows;) {
      const block_head *head =
          (const block_head *)((const char *)x + row / BLOCK_ROWS * int8_block_bytes(inputs));
      float *out = y + (long)row * y_stride + (long)p * panel;
      if (rows - row >= ROWS) {
        tile(ROWS, head, row % BLOCK_ROWS, w, words, panel, s, out, y_stride);
        row += ROWS;
      } else {
        tile(1, head, row % BLOCK_ROWS, w, words, panel, s, out, y_stride);
        row++;
      }
    }
  }
}
