/* Compiled for AVX-512 F, BW, DQ, VL. */
#include <immintrin.h>

#define V __m512
#define LANES 16
#define ROWS 12 /* 24 sums, 2 vectors of weights, 1 of the input */
#define ZERO _mm512_setzero_ps
#define LOAD _mm512_loadu_ps
#define STORE _mm512_storeu_ps
#define BROADCAST _mm512_set1_ps
#define FMA _mm512_fmadd_ps
#define LOW(p) _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_loadu_si512(p), 16))
#define HIGH(p) \
  _mm512_castsi512_ps(_mm512_and_si512(_mm512_loadu_si512(p), _mm512_set1_epi32((int)0xFFFF0000)))

#include "fma.h"

DEFINE_MULTIPLY(cofferdam_f32_avx512, float, f32_tile, 1)
DEFINE_MULTIPLY(cofferdam_bf16_avx512, int32_t, bf16_tile, 2)
