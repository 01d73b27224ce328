/*
 * AES-256-GCM (FIPS 197, NIST SP 800-38D) with a nonce of 12 bytes and no further data, on vectors
 * of four blocks. Where the JDK sets up a key's schedule and powers for each message, here they are
 * made once. What is deciphered next is asked for meanwhile: memory and cipher work at a time.
 *
 * GHASH on bytes in reverse order, with a hash key that is doubled beforehand, and reduced by two
 * multiplications with 0xC2 << 56 (Gueron and Kounavis, "Intel carry-less multiplication
 * instruction and its usage for computing the GCM mode").
 */
#include "kernels.h"

#include <immintrin.h>
#include <string.h>

#define ROUNDS 14
#define POWERS 32
#define BLOCK 16
#define BATCH (POWERS * BLOCK)

typedef struct {
  __m128i round[ROUNDS + 1];
  __m128i power[POWERS]; /* the highest first */
} gcm_key;

_Static_assert(sizeof(gcm_key) == GCM_KEY_BYTES, "GCM_KEY_BYTES");

typedef struct {
  __m512i low, middle, high;
} product;

INLINE __m512i swap512(__m512i v) {
  return _mm512_shuffle_epi8(
      v, _mm512_broadcast_i32x4(
             _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)));
}

INLINE __m128i swap128(__m128i v) {
  return _mm_shuffle_epi8(v, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

INLINE void add_product(product *p, __m512i a, __m512i b) {
  p->low = _mm512_xor_si512(p->low, _mm512_clmulepi64_epi128(a, b, 0x00));
  p->high = _mm512_xor_si512(p->high, _mm512_clmulepi64_epi128(a, b, 0x11));
  __m512i middle = _mm512_xor_si512(_mm512_clmulepi64_epi128(a, b, 0x01),
                                    _mm512_clmulepi64_epi128(a, b, 0x10));
  p->middle = _mm512_xor_si512(p->middle, middle);
}

INLINE __m128i fold(__m512i v) {
  __m256i half = _mm256_xor_si256(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
  return _mm_xor_si128(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

INLINE __m128i reduce(__m128i low, __m128i middle, __m128i high) {
  const __m128i poly = _mm_set_epi64x((long long)0xC200000000000000ULL, 1);
  __m128i t = _mm_clmulepi64_si128(low, poly, 0x10);
  middle = _mm_xor_si128(_mm_xor_si128(middle, t), _mm_shuffle_epi32(low, 0x4E));
  t = _mm_clmulepi64_si128(middle, poly, 0x10);
  return _mm_xor_si128(_mm_xor_si128(high, t), _mm_shuffle_epi32(middle, 0x4E));
}

INLINE __m128i multiply(__m128i a, __m128i b) {
  __m128i middle =
      _mm_xor_si128(_mm_clmulepi64_si128(a, b, 0x01), _mm_clmulepi64_si128(a, b, 0x10));
  return reduce(_mm_clmulepi64_si128(a, b, 0x00), middle, _mm_clmulepi64_si128(a, b, 0x11));
}

INLINE __m128i encrypt_block(const gcm_key *key, __m128i block) {
  block = _mm_xor_si128(block, key->round[0]);
  for (int r = 1; r < ROUNDS; r++) {
    block = _mm_aesenc_si128(block, key->round[r]);
  }
  return _mm_aesenclast_si128(block, key->round[ROUNDS]);
}

INLINE __m128i expand(__m128i previous, __m128i assist) {
  previous = _mm_xor_si128(previous, _mm_slli_si128(previous, 4));
  previous = _mm_xor_si128(previous, _mm_slli_si128(previous, 8));
  return _mm_xor_si128(previous, assist);
}

#define EXPAND(r, constant)                                                                   \
  key->round[r] = expand(key->round[(r) - 2],                                                 \
                         _mm_shuffle_epi32(                                                   \
                             _mm_aeskeygenassist_si128(key->round[(r) - 1], constant), 0xFF)); \
  if ((r) < ROUNDS) {                                                                         \
    key->round[(r) + 1] = expand(key->round[(r) - 1],                                         \
                                 _mm_shuffle_epi32(                                           \
                                     _mm_aeskeygenassist_si128(key->round[r], 0), 0xAA));     \
  }

void cofferdam_gcm_key(const void *bytes, void *expanded) {
  gcm_key *key = expanded;
  key->round[0] = _mm_loadu_si128(bytes);
  key->round[1] = _mm_loadu_si128((const __m128i *)bytes + 1);
  EXPAND(2, 0x01)
  EXPAND(4, 0x02)
  EXPAND(6, 0x04)
  EXPAND(8, 0x08)
  EXPAND(10, 0x10)
  EXPAND(12, 0x20)
  EXPAND(14, 0x40)
  __m128i hash = swap128(encrypt_block(key, _mm_setzero_si128()));
  __m128i carries = _mm_srli_epi64(hash, 63);
  __m128i doubled = _mm_or_si128(_mm_slli_epi64(hash, 1), _mm_slli_si128(carries, 8));
  __m128i poly = _mm_set_epi64x((long long)0xC200000000000000ULL, 1);
  __m128i overflow = _mm_srai_epi32(_mm_shuffle_epi32(hash, 0xFF), 31);
  __m128i power = _mm_xor_si128(doubled, _mm_and_si128(overflow, poly));
  key->power[POWERS - 1] = power;
  for (int i = POWERS - 2; i >= 0; i--) {
    key->power[i] = multiply(key->power[i + 1], power);
  }
}

/* `vectors` vectors of four blocks each, the last of whole blocks as its mask says. The sum is that
   of the cipher text before. */
INLINE __m128i crypt(const int vectors, __mmask8 last, const gcm_key *key, const char *from,
                     char *to, const char *next, __m512i counter, __m128i sum, const int sealing) {
  __m512i stream[POWERS / 4], data[POWERS / 4];
  const __m512i first = _mm512_broadcast_i32x4(key->round[0]);
  const __m512i four = _mm512_broadcast_i32x4(_mm_set_epi32(0, 0, 0, 4));
#pragma GCC unroll 8
  for (int i = 0; i < vectors; i++) {
    _mm_prefetch(next + i * 64, _MM_HINT_T1);
    stream[i] = _mm512_xor_si512(swap512(counter), first);
    counter = _mm512_add_epi32(counter, four);
  }
#pragma GCC unroll 13
  for (int r = 1; r < ROUNDS; r++) {
    __m512i round = _mm512_broadcast_i32x4(key->round[r]);
#pragma GCC unroll 8
    for (int i = 0; i < vectors; i++) {
      stream[i] = _mm512_aesenc_epi128(stream[i], round);
    }
  }
  const __m512i final = _mm512_broadcast_i32x4(key->round[ROUNDS]);
#pragma GCC unroll 8
  for (int i = 0; i < vectors; i++) {
    __mmask8 mask = i == vectors - 1 ? last : 0xFF;
    __m512i in = _mm512_maskz_loadu_epi64(mask, from + i * 64);
    __m512i out = _mm512_xor_si512(in, _mm512_aesenclast_epi128(stream[i], final));
    _mm512_mask_storeu_epi64(to + i * 64, mask, out);
    data[i] = swap512(sealing ? _mm512_maskz_mov_epi64(mask, out) : in);
  }
  const int blocks = 4 * (vectors - 1) + __builtin_popcount(last) / 2;
  const char *powers = (const char *)(key->power + POWERS - blocks);
  product p = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
  data[0] = _mm512_xor_si512(data[0], _mm512_zextsi128_si512(sum));
#pragma GCC unroll 8
  for (int i = 0; i < vectors; i++) {
    __mmask8 mask = i == vectors - 1 ? last : 0xFF;
    add_product(&p, data[i], _mm512_maskz_loadu_epi64(mask, powers + i * 64));
  }
  return reduce(fold(p.low), fold(p.middle), fold(p.high));
}

/* The whole message. Returns its tag. */
INLINE __m128i gcm(const gcm_key *key, int64_t seal, int32_t index, const char *from, char *to,
                   const char *next, int64_t bytes, const int sealing) {
  const __m128i nonce = _mm_set_epi64x(seal, (int64_t)((uint64_t)(uint32_t)index << 32));
  const __m512i lanes = _mm512_set_epi32(0, 0, 0, 5, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 2);
  const __m512i start = _mm512_add_epi32(_mm512_broadcast_i32x4(nonce), lanes);
  __m128i sum = _mm_setzero_si128();
  int64_t at = 0;
  for (; at + BATCH <= bytes; at += BATCH) {
    __m512i counter = _mm512_add_epi32(
        start, _mm512_broadcast_i32x4(_mm_set_epi32(0, 0, 0, (int32_t)(at / BLOCK))));
    sum = crypt(POWERS / 4, 0xFF, key, from + at, to + at, next + at, counter, sum, sealing);
  }
  for (; at < bytes; at += 64) {
    __m512i counter = _mm512_add_epi32(
        start, _mm512_broadcast_i32x4(_mm_set_epi32(0, 0, 0, (int32_t)(at / BLOCK))));
    __mmask8 mask = bytes - at >= 64 ? 0xFF : (__mmask8)((1 << (bytes - at) / 8) - 1);
    sum = crypt(1, mask, key, from + at, to + at, next + at, counter, sum, sealing);
  }
  sum = _mm_xor_si128(sum, _mm_set_epi64x(0, 8 * bytes));
  sum = swap128(multiply(sum, key->power[POWERS - 1]));
  __m128i first = swap128(_mm_add_epi32(nonce, _mm_set_epi32(0, 0, 0, 1)));
  return _mm_xor_si128(sum, encrypt_block(key, first));
}

void cofferdam_gcm_seal(const void *key, int64_t seal, int32_t index, const char *from, char *to,
                        int64_t bytes) {
  __m128i tag = gcm(key, seal, index, from, to, from, bytes, 1);
  _mm_storeu_si128((__m128i *)(to + bytes), tag);
}

int cofferdam_gcm_open(const void *key, int64_t seal, int32_t index, const char *from, char *to,
                       const char *next, int64_t bytes) {
  __m128i tag = _mm_loadu_si128((const __m128i *)(from + bytes));
  __m128i differs = _mm_xor_si128(tag, gcm(key, seal, index, from, to, next, bytes, 0));
  if (_mm_testz_si128(differs, differs)) {
    return 1;
  }
  memset(to, 0, (size_t)bytes);
  return 0;
}
