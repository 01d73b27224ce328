/*
 * Chains of fused multiply-adds over the inputs in ascending order, one for each output: the same
 * bits as the Java kernels'. The including file defines the vector type and its operations, and
 * ROWS, the rows of the largest tile.
 *
 * The input is packed by PackedRows: tiles of ROWS rows, then of 4, 2 and 1 for the rest, in each
 * the rows' elements of one input side by side.
 */
#include "kernels.h"

#define PANEL (2 * LANES)

/* Bytes of weights that are asked for ahead of their use; beyond a page, which the processor's own
   prefetching does not cross. */
#define AHEAD 4096

/* `rows` rows by `panels` panels that lie `panel_words` words apart. */
INLINE void f32_tile(const int rows, const int panels, const float *x, const float *w,
                     long panel_words, int inputs, float *y, int y_stride) {
  V sums[ROWS][2][2];
#pragma GCC unroll 16
  for (int r = 0; r < rows; r++) {
    for (int p = 0; p < panels; p++) {
      sums[r][p][0] = ZERO();
      sums[r][p][1] = ZERO();
    }
  }
  for (int i = 0; i < inputs; i++, x += rows, w += PANEL) {
#pragma GCC unroll 2
    for (int p = 0; p < panels; p++) {
      const float *at = w + p * panel_words;
      __builtin_prefetch((const char *)at + AHEAD);
      if (PANEL == 32) {
        __builtin_prefetch((const char *)at + AHEAD + 64);
      }
      V w0 = LOAD(at);
      V w1 = LOAD(at + LANES);
#pragma GCC unroll 16
      for (int r = 0; r < rows; r++) {
        V b = BROADCAST(x[r]);
        sums[r][p][0] = FMA(w0, b, sums[r][p][0]);
        sums[r][p][1] = FMA(w1, b, sums[r][p][1]);
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; r++) {
    for (int p = 0; p < panels; p++) {
      STORE(y + (long)r * y_stride + p * PANEL, sums[r][p][0]);
      STORE(y + (long)r * y_stride + p * PANEL + LANES, sums[r][p][1]);
    }
  }
}

/* The same for pairs of BF16: a word's lower half is the even input's weight. */
INLINE void bf16_tile(const int rows, const int panels, const float *x, const int32_t *w,
                      long panel_words, int inputs, float *y, int y_stride) {
  V sums[ROWS][2][2];
#pragma GCC unroll 16
  for (int r = 0; r < rows; r++) {
    for (int p = 0; p < panels; p++) {
      sums[r][p][0] = ZERO();
      sums[r][p][1] = ZERO();
    }
  }
  for (int i = 0; i < inputs; i += 2, x += 2 * rows, w += PANEL) {
#pragma GCC unroll 2
    for (int p = 0; p < panels; p++) {
      const int32_t *at = w + p * panel_words;
      __builtin_prefetch((const char *)at + AHEAD);
      if (PANEL == 32) {
        __builtin_prefetch((const char *)at + AHEAD + 64);
      }
      V w0 = LOW(at);
      V w1 = LOW(at + LANES);
#pragma GCC unroll 16
      for (int r = 0; r < rows; r++) {
        V b = BROADCAST(x[r]);
        sums[r][p][0] = FMA(w0, b, sums[r][p][0]);
        sums[r][p][1] = FMA(w1, b, sums[r][p][1]);
      }
      w0 = HIGH(at);
      w1 = HIGH(at + LANES);
#pragma GCC unroll 16
      for (int r = 0; r < rows; r++) {
        V b = BROADCAST(x[rows + r]);
        sums[r][p][0] = FMA(w0, b, sums[r][p][0]);
        sums[r][p][1] = FMA(w1, b, sums[r][p][1]);
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; r++) {
    for (int p = 0; p < panels; p++) {
      STORE(y + (long)r * y_stride + p * PANEL, sums[r][p][0]);
      STORE(y + (long)r * y_stride + p * PANEL + LANES, sums[r][p][1]);
    }
  }
}

/* Two panels at a time, which a single row takes together; all rows of a panel while it is in the
   cache. */
#define DEFINE_MULTIPLY(name, word, tile, inputs_of_word)                                     \
  MULTIPLY(name) {                                                                            \
    (void)scales;                                                                             \
    (void)panel;                                                                              \
    const long words = (long)(inputs / inputs_of_word) * PANEL;                               \
    for (int p = from; p < to; p += 2) {                                                      \
      int both = to - p > 1;                                                                  \
      const word *w = (const word *)weights + p * words;                                      \
      for (int row = 0; row < rows;) {                                                        \
        const float *at = (const float *)x + (long)row * inputs;                              \
        float *out = y + (long)row * y_stride + (long)p * PANEL;                              \
        int left = rows - row;                                                                \
        if (left >= ROWS) {                                                                   \
          tile(ROWS, 1, at, w, words, inputs, out, y_stride);                                 \
          if (both) tile(ROWS, 1, at, w + words, words, inputs, out + PANEL, y_stride);       \
          row += ROWS;                                                                        \
        } else if (left >= 4) {                                                               \
          tile(4, 1, at, w, words, inputs, out, y_stride);                                    \
          if (both) tile(4, 1, at, w + words, words, inputs, out + PANEL, y_stride);          \
          row += 4;                                                                           \
        } else if (left >= 2) {                                                               \
          tile(2, 1, at, w, words, inputs, out, y_stride);                                    \
          if (both) tile(2, 1, at, w + words, words, inputs, out + PANEL, y_stride);          \
          row += 2;                                                                           \
        } else {                                                                              \
          if (both) {                                                                         \
            tile(1, 2, at, w, words, inputs, out, y_stride);                                  \
          } else {                                                                            \
            tile(1, 1, at, w, words, inputs, out, y_stride);                                  \
          }                                                                                   \
          row++;                                                                              \
        }                                                                                     \
      }                                                                                       \
    }                                                                                         \
  }
