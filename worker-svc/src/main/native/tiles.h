/* What the kernels on AMX tiles share: a tile of weights is 16 words of 16 outputs. */
#ifndef COFFERDAM_TILES_H
#define COFFERDAM_TILES_H

#include "kernels.h"

#include <immintrin.h>
#include <string.h>

#define TILE_OUTPUTS 16
#define TILE_WORDS 16
#define TILE_BYTES 1024

/* Bytes of weights that are asked for ahead of their use, per stream of tiles. */
#define AHEAD_WORDS 32

/* Registers: 0 to 3 sums, 4 and 5 input, 6 and 7 weights. `rows` is that of sums and input. */
INLINE void configure_tiles(int rows) {
  struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
  } config;
  memset(&config, 0, sizeof config);
  config.palette = 1;
  for (int i = 0; i < 8; i++) {
    config.row_bytes[i] = 64;
    config.rows[i] = (uint8_t)(i < 6 ? rows : TILE_WORDS);
  }
  __asm__ volatile("" : : "r"(&config) : "memory"); /* GCC believes that only eight bytes are read */
  _tile_loadconfig(&config);
}

/* A group of two or four tiles of weights, side by side: where they begin, which output they begin
   with, and copies of their last words, filled up with zeros, where these do not fill a tile. */
typedef struct {
  int tiles;
  int outputs;
  const int32_t *at[4];
  int output[4];
  int32_t last[4][TILE_WORDS * TILE_OUTPUTS] __attribute__((aligned(64)));
} weight_tiles;

/* Begins the group with the output `first`, four tiles where `at_once` is 4 and so many are left
   before `end`. Where a single tile is left, the group is this tile twice. */
INLINE void begin_tiles(weight_tiles *w, const int32_t *weights, int first, int end, int at_once,
                        int words, int panel) {
  const int full = words / TILE_WORDS * TILE_WORDS;
  const int left = (end - first) / TILE_OUTPUTS;
  w->tiles = at_once == 4 && left >= 4 ? 4 : 2;
  w->outputs = (left < w->tiles ? left : w->tiles) * TILE_OUTPUTS;
  for (int n = 0; n < w->tiles; n++) {
    int output = first + (n < left ? n : left - 1) * TILE_OUTPUTS;
    w->output[n] = output;
    w->at[n] = weights + (long)(output / panel) * panel * words + output % panel;
    if (full < words) {
      memset(w->last[n], 0, TILE_BYTES);
      for (int i = full; i < words; i++) {
        memcpy(w->last[n] + (i - full) * TILE_OUTPUTS, w->at[n] + (long)i * panel, 64);
      }
    }
  }
}

/* Loads tile number n of the group's words from `word` on into register t. */
#define LOAD_WEIGHTS(t, group, n, word, words, panel)                                         \
  do {                                                                                        \
    if ((word) + TILE_WORDS <= (words)) {                                                     \
      _tile_loadd(t, (group)->at[n] + (long)(word) * (panel), (long)(panel)*4);               \
    } else {                                                                                  \
      _tile_loadd(t, (group)->last[n], 64);                                                   \
    }                                                                                         \
  } while (0)

INLINE void prefetch_tile(const int32_t *at, int panel) {
  for (int i = 0; i < TILE_WORDS; i++) {
    __builtin_prefetch(at + (long)(AHEAD_WORDS + i) * panel);
  }
}

#endif
