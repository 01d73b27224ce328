// Device memory and launches for the tests, on the CPU or on a device: buffers end at a page that
// nobody may touch (on a device: at NaN bits), hold NaN bits before they are written, and are
// checked for writes around them.
#pragma once
#include <stdio.h>
#include <stdlib.h>

#include <string.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#ifndef __global__
#define __global__
#endif
#include "../../main/cuda/kernels.h"

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn]] void failTest(const char* format, ...);

// From here on, kernels run on the first device, out of a fat binary (main.cpp's `--device`), and
// buffers are memory of the host that it reaches.
void useDevice(const char* fatBinary);

// Pages to read and write, with a page before and behind them. `pages` is in bytes.
char* allocatePages(size_t pages);
void freePages(char* at, size_t pages);
void launchKernel(const char* name, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned block,
                  unsigned shared, void** params);
constexpr size_t PAGE = 4096;

template <class T>
class Buffer {
 public:
  explicit Buffer(size_t n) : size_(n) {
    size_t bytes = (n * sizeof(T) + 15) / 16 * 16;
    pages_ = (bytes + PAGE - 1) / PAGE * PAGE;
    base_ = allocatePages(pages_);
    memset(base_, 0xFF, pages_);
    at_ = (T*)(base_ + pages_ - bytes);
  }
  Buffer(const std::vector<T>& v) : Buffer(v.size()) { std::copy(v.begin(), v.end(), at_); }
  Buffer(const Buffer&) = delete;
  ~Buffer() { freePages(base_, pages_); }

  T& operator[](size_t i) { return at_[i]; }
  operator T*() { return at_; }
  T* get() { return at_; }
  size_t size() const { return size_; }
  std::vector<T> copy() const { return std::vector<T>(at_, at_ + size_); }
  // Everything NaN again.
  void poison() { memset(at_, 0xFF, size_ * sizeof(T)); }
  // Whether the bytes around the elements are as they were.
  void checkTail() const {
    for (char* p = base_; p < (char*)at_; p++)
      if (*p != (char)0xFF) failTest("a write before a buffer");
    for (char* p = (char*)(at_ + size_); p < base_ + pages_; p++)
      if (*p != (char)0xFF) failTest("a write behind a buffer");
  }

 private:
  size_t size_, pages_;
  char* base_;
  T* at_;
};

struct Dim {
  unsigned x = 1, y = 1, z = 1;
};

template <class... P, class... A>
void launch(void (*)(P...), const char* name, Dim grid, unsigned block, unsigned shared,
            A&&... arguments) {
  std::tuple<P...> typed{P(arguments)...};
  // More than there are: a driver's double may read as many as any kernel has.
  uint64_t none = 0;
  void* params[64];
  std::fill(params, params + 64, &none);
  size_t i = 0;
  std::apply([&](auto&... v) { ((params[i++] = (void*)&v), ...); }, typed);
  launchKernel(name, grid.x, grid.y, grid.z, block, shared, params);
}
#define LAUNCH(kernel, ...) launch(kernel, #kernel, __VA_ARGS__)

// ---------------------------------------------------------------- numbers

typedef std::mt19937_64 Random;

inline float bf16ToFloat(bf16 v) {
  uint32_t bits = (uint32_t)v << 16;
  float f;
  memcpy(&f, &bits, 4);
  return f;
}

// The nearest BF16 of a finite number, ties to even.
inline bf16 toBf16(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  return (bf16)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

// The number that an E4M3 code stands for (OCP 8-bit floating point).
inline double fp8ToDouble(uint8_t code) {
  int exponent = code >> 3 & 15, mantissa = code & 7;
  double size = exponent == 15 && mantissa == 7 ? NAN
                : exponent == 0                 ? std::ldexp(mantissa, -9)
                                                : std::ldexp(8 + mantissa, exponent - 10);
  return code & 0x80 ? -size : size;
}

inline double uniform(Random& random, double from, double to) {
  return std::uniform_real_distribution<double>(from, to)(random);
}
inline double normal(Random& random) { return std::normal_distribution<double>()(random); }
inline int between(Random& random, int from, int to) {
  return std::uniform_int_distribution<int>(from, to)(random);
}

inline std::vector<bf16> randomBf16(Random& random, size_t n, double scale = 1) {
  std::vector<bf16> v(n);
  for (bf16& e : v) e = toBf16((float)(scale * normal(random)));
  return v;
}
inline std::vector<float> randomFloats(Random& random, size_t n, double scale = 1) {
  std::vector<float> v(n);
  for (float& e : v) e = (float)(scale * normal(random));
  return v;
}

// Fails where a number is not within `relative` of `expected`, or `absolute`.
inline void near(double actual, double expected, double relative, double absolute, const char* what,
                 long at) {
  if (!(std::abs(actual - expected) <= std::max(absolute, relative * std::abs(expected))))
    failTest("%s %ld: %.9g (expected: %.9g)", what, at, actual, expected);
}

template <class T>
void same(const T* actual, const T* expected, size_t n, const char* what) {
  for (size_t i = 0; i < n; i++)
    if (memcmp(actual + i, expected + i, sizeof(T)) != 0)
      failTest("%s: other bits at %zu of %zu", what, i, n);
}

typedef void (*Test)(Random&);
struct Case {
  const char* name;
  Test run;
};
extern const std::vector<Case> CASES;
