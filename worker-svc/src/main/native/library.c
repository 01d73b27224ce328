/* What the library exports, called by NativeKernels.java. */
#include "kernels.h"

#define EXPORT __attribute__((visibility("default")))

/* The numbers are the ordinals of NativeKernel.java. */
enum { F32_AVX512, F32_AVX2, BF16_AMX, BF16_AVX512, BF16_AVX2, INT8_AMX, INT8_VNNI };

EXPORT int cofferdam_kernels_features(void) { return cofferdam_features(); }

EXPORT void cofferdam_kernels_pack(int kernel, const float *x, int first, int x_stride,
                                   void *packed, int inputs, int from_row, int to_row) {
  switch (kernel) {
    case BF16_AMX:
      cofferdam_bf16_pack(x + first, x_stride, packed, inputs, from_row, to_row);
      break;
    case INT8_AMX:
    case INT8_VNNI:
      cofferdam_int8_pack(x + first, x_stride, packed, inputs, from_row, to_row);
      break;
  }
}

EXPORT void cofferdam_kernels_multiply(int kernel, const void *x, const void *weights,
                                       const float *scales, float *y, int rows, int inputs,
                                       int panel, int from, int to, int y_stride) {
  switch (kernel) {
    case F32_AVX512:
      cofferdam_f32_avx512(x, weights, scales, y, rows, inputs, panel, from, to, y_stride);
      break;
    case F32_AVX2:
      cofferdam_f32_avx2(x, weights, scales, y, rows, inputs, panel, from, to, y_stride);
      break;
    case BF16_AMX:
      cofferdam_bf16_amx(x, weights, scales, y, rows, inputs, panel, from, to, y_stride);
      break;
    case BF16_AVX512:
      cofferdam_bf16_avx512(x, weights, scales, y, rows, inputs, panel, from, to, y_stride);
      break;
    case BF16_AVX2:
      cofferdam_bf16_avx2(x, weights, scales, y, rows, inputs, panel, from, to, y_stride);
      break;
    case INT8_AMX:
      cofferdam_int8_amx(x, weights, scales, y, rows, inputs, panel, from, to, y_stride);
      break;
    case INT8_VNNI:
      cofferdam_int8_vnni(x, weights, scales, y, rows, inputs, panel, from, to, y_stride);
      break;
  }
}

EXPORT void cofferdam_kernels_gcm_key(const void *bytes, void *expanded) {
  cofferdam_gcm_key(bytes, expanded);
}

EXPORT void cofferdam_kernels_gcm_seal(const void *key, int64_t seal, int32_t index,
                                       const char *from, int32_t from_at, char *to, int32_t to_at,
                                       int32_t bytes) {
  cofferdam_gcm_seal(key, seal, index, from + from_at, to + to_at, bytes);
}

EXPORT int cofferdam_kernels_gcm_open(const void *key, int64_t seal, int32_t index,
                                      const char *from, int32_t from_at, char *to, int32_t to_at,
                                      const char *next, int32_t next_at, int32_t bytes) {
  return cofferdam_gcm_open(key, seal, index, from + from_at, to + to_at, next + next_at, bytes);
}
