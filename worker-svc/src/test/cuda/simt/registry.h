// Kernels by name.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include <utility>

namespace simt {
struct Entry {
  const char* name;
  void (*call)(void** params);
};

// Calls a kernel with parameters as a driver takes them: each where its pointer points.
template <auto KERNEL_FUNCTION>
struct Call;

template <class... A, void (*F)(A...)>
struct Call<F> {
  template <size_t... I>
  static void at(void** params, std::index_sequence<I...>) {
    F(*(A*)params[I]...);
  }
  static void call(void** params) { at(params, std::index_sequence_for<A...>()); }
};

const Entry* find(const char* name);

// Whether the kernels call the shim before each access, so that it knows all of them.
extern const bool checked;

// Matrix instructions of one step over 32 inputs, of one lane.
struct Batch {
  float* c;           // [mTiles][nTiles][4]
  const uint32_t* a;  // [mTiles][2 rows][4]
  const uint32_t* b;  // [nTiles][4]
  int mTiles, nTiles;
};
}  // namespace simt

// What a driver needs: 0 is success, otherwise `simt_error` says what is wrong.
extern "C" {
const void* simt_kernel(const char* name);
int simt_launch(const void* kernel, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                unsigned blockY, unsigned blockZ, unsigned sharedBytes, void** params);
const char* simt_error();
void simt_mutant(int number);
}
