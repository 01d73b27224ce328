/* Int8 weights on AMX: TDPBSUD, Intel SDM. */
#include "int8.h"
#include "tiles.h"

/* One block of rows by two tiles of outputs. */
INLINE void block_by_2(const block_head *head, int rows, const weight_tiles *w, int words,
                       int panel, const float *scales, float *y, long y_stride) {
  const char *x = (const char *)head + HEAD_BYTES;
  int32_t sums[4][TILE_WORDS * TILE_OUTPUTS] __attribute__((aligned(64)));
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int word = 0; word < words; word += TILE_WORDS, x += INT8_STEP_BYTES) {
    for (int n = 0; n < 2; n++) {
      prefetch_tile(w->at[n] + (long)word * panel, panel);
    }
    _tile_loadd(4, x, 64);
    _tile_loadd(5, x + LOW_DIGITS, 64);
    LOAD_WEIGHTS(6, w, 0, word, words, panel);
    LOAD_WEIGHTS(7, w, 1, word, words, panel);
    _tile_dpbsud(0, 4, 6);
    _tile_dpbsud(1, 4, 7);
    _tile_dpbsud(2, 5, 6);
    _tile_dpbsud(3, 5, 7);
  }
  _tile_stored(0, sums[0], 64);
  _tile_stored(1, sums[1], 64);
  _tile_stored(2, sums[2], 64);
  _tile_stored(3, sums[3], 64);
  for (int r = 0; r < rows; r++) {
    for (int n = 0; n < 2; n++) {
      __m512i high = _mm512_load_si512(sums[n] + r * TILE_OUTPUTS);
      __m512i low = _mm512_load_si512(sums[2 + n] + r * TILE_OUTPUTS);
      _mm512_storeu_ps(y + r * y_stride + w->output[n],
                       int8_value(head, r, high, low, scales + w->output[n]));
    }
  }
}

/* All panels for rows that make whole blocks, or for less than a block of them. */
INLINE void sweep(const char *x, const int32_t *weights, const float *scales, float *y, int rows,
                  int inputs, int panel, int from, int to, int y_stride) {
  const int words = inputs / 4;
  const int at_once = rows < BLOCK_ROWS ? rows : BLOCK_ROWS;
  weight_tiles w;
  configure_tiles(at_once);
  for (int output = from * panel; output < to * panel; output += w.outputs) {
    begin_tiles(&w, weights, output, to * panel, 2, words, panel);
    for (int row = 0; row < rows; row += at_once) {
      const block_head *head =
          (const block_head *)(x + row / BLOCK_ROWS * int8_block_bytes(inputs));
      block_by_2(head, at_once, &w, words, panel, scales, y + (long)row * y_stride, y_stride);
    }
  }
}

MULTIPLY(cofferdam_int8_amx) {
  const int full = rows / BLOCK_ROWS * BLOCK_ROWS;
  if (full > 0) {
    sweep(x, weights, scales, y, full, inputs, panel, from, to, y_stride);
  }
  if (full < rows) {
    const char *rest = (const char *)x + full / BLOCK_ROWS * int8_block_bytes(inputs);
    float *y_rest = y + (long)full * y_stride;
    if (rows - full == 1) {
      cofferdam_int8_row(rest, weights, scales, y_rest, 1, inputs, panel, from, to, y_stride);
    } else {
      sweep(rest, weights, scales, y_rest, rows - full, inputs, panel, from, to, y_stride);
    }
  }
  if (rows > 1) {
    _tile_release();
  }
}
