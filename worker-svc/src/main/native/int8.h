/*
 * Int8 weights with an input in 16 bits: an element is its row's scale times 256 h + l, where h and
 * l are signed bytes, the scale being the row's largest / 32639. It is at most 1/65278 of its row's
 * largest off. Sums are whole numbers, without rounding and in any order the same; they stay below
 * 2^31 for up to 65536 inputs. A weight's byte is 128 more than the weight, which the rows' own sums
 * make up for.
 *
 * Packed input: for every 16 rows, their scales, sums of h, sums of l (each 16 words, and 16 empty
 * ones); then for every 64 inputs a tile of h and one of l.
 */
#ifndef COFFERDAM_INT8_H
#define COFFERDAM_INT8_H

#include "kernels.h"

#include <immintrin.h>

#define INT8_TILE_INPUTS 64
#define HEAD_BYTES 256
#define INT8_STEP_BYTES 2048
#define LOW_DIGITS 1024

typedef struct {
  float scale[16];
  int32_t sum_high[16];
  int32_t sum_low[16];
  int32_t empty[16];
} block_head;

INLINE long int8_block_bytes(int inputs) {
  return HEAD_BYTES + (long)((inputs + INT8_TILE_INPUTS - 1) / INT8_TILE_INPUTS) * INT8_STEP_BYTES;
}

/* What sums of 16 outputs of a row mean. */
INLINE __m512 int8_value(const block_head *head, int row, __m512i high, __m512i low,
                         const float *scales) {
  high = _mm512_sub_epi32(high, _mm512_set1_epi32(128 * head->sum_high[row]));
  low = _mm512_sub_epi32(low, _mm512_set1_epi32(128 * head->sum_low[row]));
  __m512 sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(high), _mm512_set1_ps(256),
                               _mm512_cvtepi32_ps(low));
  return _mm512_mul_ps(_mm512_mul_ps(sum, _mm512_loadu_ps(scales)),
                       _mm512_set1_ps(head->scale[row]));
}

#endif
