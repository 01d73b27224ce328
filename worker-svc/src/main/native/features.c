#include "kernels.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux' arch_prctl(2): asks for the process' right to use an extended state. */
#define ARCH_REQ_XCOMP_PERM 0x1023
#define XFEATURE_TILE_DATA 18

/* States that the operating system saves (Intel SDM, XCR0). */
#define STATES_AVX 0x6
#define STATES_AVX512 0xE6
#define STATES_AMX 0x60000

static uint64_t saved_states(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

static int has(uint32_t word, int bit) { return word >> bit & 1; }

int cofferdam_features(void) {
  uint32_t a, b, c, d, b7, c7, d7, a7;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !has(c, 27) || !has(c, 12)) {
    return 0; /* no OSXSAVE or no FMA */
  }
  if (!__get_cpuid_count(7, 0, &a, &b7, &c7, &d7)) {
    return 0;
  }
  if (!__get_cpuid_count(7, 1, &a7, &b, &c, &d)) {
    a7 = 0;
  }
  uint64_t states = saved_states();
  if ((states & STATES_AVX) != STATES_AVX || !has(b7, 5)) {
    return 0;
  }
  int features = FEATURE_AVX2;
  int avx512 = has(b7, 16) && has(b7, 17) && has(b7, 30) && has(b7, 31);
  if (!avx512 || (states & STATES_AVX512) != STATES_AVX512) {
    return features;
  }
  features |= FEATURE_AVX512;
  if (has(c7, 11)) {
    features |= FEATURE_VNNI;
  }
  if (has(c7, 9) && has(c7, 10)) {
    features |= FEATURE_VAES;
  }
  int amx = has(d7, 22) && has(d7, 24) && has(d7, 25) && has(a7, 5);
  if (amx && (states & STATES_AMX) == STATES_AMX &&
      syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_TILE_DATA) == 0) {
    features |= FEATURE_AMX;
  }
  return features;
}
