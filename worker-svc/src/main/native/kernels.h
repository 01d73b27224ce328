/*
 * The native kernels: products of rows with a packed matrix, in the layouts of the Java classes
 * F32Matrix, Bf16Matrix and Int8Matrix, which also say what the numbers mean. Every function trusts
 * its arguments: NativeKernels.java checks all sizes before it calls.
 *
 * A panel is so many outputs as two vectors of the JVM have lanes, and holds for each input (F32),
 * pair of inputs (BF16) or four inputs (int8) one 32-bit word of each output. The number of inputs
 * is a multiple of 4 wherever weights are concerned.
 *
 * An output's sum runs in the same order however many rows there are and in whatever tile a row
 * lies, so that its bits depend on the row and the weights alone.
 */
#ifndef COFFERDAM_KERNELS_H
#define COFFERDAM_KERNELS_H

#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))

/* What cofferdam_features answers: the processor has it, and the operating system allows it. The
   numbers are also those of NativeKernels.java. */
enum {
  FEATURE_AVX2 = 1,   /* AVX2 and FMA */
  FEATURE_AVX512 = 2, /* AVX-512 F, BW, DQ and VL */
  FEATURE_VNNI = 4,   /* AVX-512 VNNI */
  FEATURE_AMX = 8,    /* AMX for BF16 and int8, and AVX-512 BF16 */
  FEATURE_VAES = 16   /* VAES and VPCLMULQDQ, beside AVX-512 */
};

/* Asks for weights of a single row ahead of their use, into the second-level cache: beyond a page,
   which the processor's own prefetching does not cross. */
#define PREFETCH_ROW(p) __builtin_prefetch((const char *)(p) + 4096, 0, 2)

/* Rows that lie together in the packed input of the kernels for BF16 and int8. */
#define BLOCK_ROWS 16

/* Adds up for rows from 0 and panels from `from` to before `to`; y[row * y_stride + output]. */
#define MULTIPLY(name)                                                                        \
  void name(const void *x, const void *weights, const float *scales, float *y, int rows,     \
            int inputs, int panel, int from, int to, int y_stride)

/* Packs rows of an input; x[row * x_stride + input], `inputs` being those that there are. */
#define PACK(name)                                                                            \
  void name(const float *x, int x_stride, void *packed, int inputs, int from_row, int to_row)

int cofferdam_features(void);
MULTIPLY(cofferdam_f32_avx2);
MULTIPLY(cofferdam_f32_avx512);
MULTIPLY(cofferdam_bf16_avx2);
MULTIPLY(cofferdam_bf16_avx512);
PACK(cofferdam_bf16_pack);
MULTIPLY(cofferdam_bf16_amx);
PACK(cofferdam_int8_pack);
MULTIPLY(cofferdam_int8_row);
MULTIPLY(cofferdam_int8_amx);
MULTIPLY(cofferdam_int8_vnni);

/* Bytes of an expanded key, which is to be aligned to 16 bytes. */
#define GCM_KEY_BYTES 752

/* Seals and opens a message of whole blocks; the tag is right behind the cipher text. `to` may be
   `from`. What opens asks for `next` meanwhile, which is as long; where the tag is wrong it leaves
   zeros and returns 0. */
void cofferdam_gcm_key(const void *bytes, void *expanded);
void cofferdam_gcm_seal(const void *key, int64_t seal, int32_t index, const char *from, char *to,
                        int64_t bytes);
int cofferdam_gcm_open(const void *key, int64_t seal, int32_t index, const char *from, char *to,
                       const char *next, int64_t bytes);

#endif
