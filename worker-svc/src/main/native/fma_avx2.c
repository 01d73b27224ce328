/* Compiled for AVX2 and FMA. */
#include <immintrin.h>

#define V __m256
#define LANES 8
#define ROWS 6 /* 12 sums, 2 vectors of weights, 1 of the input */
#define ZERO _mm256_setzero_ps
#define LOAD _mm256_loadu_ps
#define STORE _mm256_storeu_ps
#define BROADCAST _mm256_set1_ps
#define FMA _mm256_fmadd_ps
#define WORDS(p) _mm256_loadu_si256((const __m256i *)(p))
#define LOW(p) _mm256_castsi256_ps(_mm256_slli_epi32(WORDS(p), 16))
#define HIGH(p) \
  _mm256_castsi256_ps(_mm256_and_si256(WORDS(p), _mm256_set1_epi32((int)0xFFFF0000)))

#include "fma.h"

DEFINE_MULTIPLY(cofferdam_f32_avx2, float, f32_tile, 1)
DEFINE_MULTIPLY(cofferdam_bf16_avx2, int32_t, bf16_tile, 2)
