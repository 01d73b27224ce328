#include "simt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#include <vector>

#include "registry.h"

extern "C" void simt_switch(void** from, void* to);
asm(R"(
.text
.globl simt_switch
.type simt_switch,@function
simt_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size simt_switch,.-simt_switch
.section .note.GNU-stack,"",@progbits
.text
)");

// The linker's bounds of the static shared variables.
extern "C" char __start_simt_shared[] __attribute__((weak));
extern "C" char __stop_simt_shared[] __attribute__((weak));

namespace simt {
namespace {

constexpr int THREADS_MAX = 1024;
constexpr size_t STACK = 128 << 10;
constexpr size_t DYNAMIC_MAX = 227 << 10;
constexpr size_t STATIC_MAX = 512 << 10;
constexpr uint16_t NOBODY = 0xFFFF, MANY = 0xFFFE, WARP = 0xFFFD, ATOMIC = 0xFFFC;

enum State { RUNS, AT_BARRIER, DONE };

struct Copy {
  void* to;
  const void* from;
  bool valid;
  int group;
};

struct Lane : Fiber {
  void* stack;
  State state;
  Site site;
  int group;
  std::vector<Copy> copies;
};

struct Warp {
  uint64_t brought[2][32];
  unsigned generation;
  unsigned barriers;
  int arrived;
  int running;
  Site site;
};

// Who touched a word of shared memory, and when. Epochs count barriers and never begin again.
struct Shadow {
  uint32_t wrote, wroteWarp, read, readWarp;
  uint16_t writer, reader, readerWarp;
  bool pending;
};

Lane lanes[THREADS_MAX];
Warp warps[THREADS_MAX / 32];
char* stacks;
void* scheduler;
int lanesInBlock;
Warp* warp;
Lane* lane_;
uint32_t epoch = 1, firstEpoch = 1;
Shadow* dynamicShadow;
Shadow* staticShadow;
size_t dynamicBytes;
bool failed;
char message[1024];
const Entry* kernel;
void** parameters;
uint64_t order;

void step(Lane* to) {
  Lane* from = lane_;
  if (to == from) return;
  lane_ = to;
  current = to;
  simt_switch(&from->stack, to->stack);
}

// Gives the processor to the next lane of the warp that is not at a barrier of the block; to the
// scheduler where there is none.
void yield() {
  int base = lane_->id & ~31;
  for (int i = 1; i <= 32; i++) {
    Lane* next = &lanes[base + ((lane_->id + i) & 31)];
    if (next->state == RUNS) {
      step(next);
      return;
    }
  }
  Lane* from = lane_;
  simt_switch(&from->stack, scheduler);
}

void run() {
  kernel->call(parameters);
  Lane* self = lane_;
  self->state = DONE;
  warp->running--;
  if (warp->arrived > 0) fail("a lane ends where others of its warp wait for it");
  yield();
  __builtin_trap();
}

Shadow* shadowOf(const void* at) {
  if (!checked) return nullptr;
  const char* p = (const char*)at;
  if (p >= dynamicShared && p < dynamicShared + dynamicBytes)
    return dynamicShadow + (p - dynamicShared) / 4;
  if (p >= __start_simt_shared && p < __stop_simt_shared)
    return staticShadow + (p - __start_simt_shared) / 4;
  if (p >= dynamicShared && p < dynamicShared + DYNAMIC_MAX)
    fail("shared memory behind the launch's %zu bytes", dynamicBytes);
  return nullptr;
}

bool orderedByWarp(int otherWarp, uint32_t then) {
  return otherWarp == current->warp && then < warp->barriers;
}

void checkWriter(const Shadow& s, const char* what) {
  if (s.pending) fail("%s of shared memory that an asynchronous copy is still to fill", what);
  if (s.wrote == epoch && s.writer != current->id &&
      !orderedByWarp(s.writer == ATOMIC ? -1 : s.writer / 32, s.wroteWarp))
    fail("%s of shared memory that thread %d wrote with no barrier between", what,
         s.writer == ATOMIC ? -1 : s.writer);
}

void noteRead(Shadow& s) {
  if (s.wrote < firstEpoch) fail("read of shared memory that nobody wrote");
  checkWriter(s, "read");
  if (s.read != epoch) {
    s.read = epoch;
    s.reader = (uint16_t)current->id;
    s.readerWarp = (uint16_t)current->warp;
  } else if (s.reader != current->id) {
    s.reader = s.readerWarp == current->warp && s.reader != MANY ? WARP : MANY;
  }
  s.readWarp = warp->barriers;
}

void noteWrite(Shadow& s) {
  checkWriter(s, "write");
  if (s.read == epoch && s.reader != current->id &&
      (s.reader == MANY || !orderedByWarp(s.readerWarp, s.readWarp)))
    fail("write of shared memory that another thread reads with no barrier between");
  s.wrote = epoch;
  s.wroteWarp = warp->barriers;
  s.writer = (uint16_t)current->id;
}

template <void NOTE(Shadow&)>
void access(const void* at, size_t bytes) {
  Shadow* s = shadowOf(at);
  if (!s) return;
  if (bytes < 4 || (uintptr_t)at % 4 != 0) fail("an access of shared memory narrower than 4 bytes");
  for (size_t i = 0; i < bytes / 4; i++) NOTE(s[i]);
}

float bf(uint32_t word, int half) {
  return __uint_as_float(half ? word & 0xFFFF0000u : word << 16);
}

typedef float Eight __attribute__((vector_size(32)));

// Operands of a product of 16 × 8 × 16, put together from the fragments of a warp (PTX ISA,
// mma.m16n8k16).
struct Left {
  float at[16][16];
};
struct Right {
  Eight at[16];
};

void gatherLeft(Left& left, int lane, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3) {
  int g = lane / 4, t = lane % 4;
  for (int half = 0; half < 2; half++) {
    left.at[g][2 * t + half] = bf(a0, half);
    left.at[g + 8][2 * t + half] = bf(a1, half);
    left.at[g][2 * t + 8 + half] = bf(a2, half);
    left.at[g + 8][2 * t + 8 + half] = bf(a3, half);
  }
}

void gatherRight(Right& right, int lane, uint32_t b0, uint32_t b1) {
  int g = lane / 4, t = lane % 4;
  for (int half = 0; half < 2; half++) {
    right.at[2 * t + half][g] = bf(b0, half);
    right.at[2 * t + 8 + half][g] = bf(b1, half);
  }
}

// c[lane] are the four sums of each lane. An element's sum runs over k in order, whatever its
// place.
template <int STEPS>
void multiplyGathered(float* const c[32], const Left* left, const Right* right) {
  for (int row = 0; row < 16; row++) {
    float* const* of = c + row % 8 * 4;
    int at = row / 8 * 2;
    Eight sum = {of[0][at], of[0][at + 1], of[1][at], of[1][at + 1],
                 of[2][at], of[2][at + 1], of[3][at], of[3][at + 1]};
    for (int step = 0; step < STEPS; step++)
      for (int k = 0; k < 16; k++) sum += left[step].at[row][k] * right[step].at[k];
    for (int n = 0; n < 8; n++) of[n / 2][at + n % 2] = sum[n];
  }
}

struct Product {
  float* c;
  const uint32_t* a;
  const uint32_t* b;
};

void lastMultiplies(const uint64_t* brought) {
  float* c[32];
  Left left;
  Right right;
  for (int i = 0; i < 32; i++) {
    const Product* p = (const Product*)brought[i];
    c[i] = p->c;
    gatherLeft(left, i, p->a[0], p->a[1], p->a[2], p->a[3]);
    gatherRight(right, i, p->b[0], p->b[1]);
  }
  multiplyGathered<1>(c, &left, &right);
}

void lastMultipliesMany(const uint64_t* brought) {
  const Batch* first = (const Batch*)brought[0];
  Left left[2];
  Right right[16][2];
  for (int i = 0; i < 32; i++) {
    const uint32_t* b = ((const Batch*)brought[i])->b;
    for (int n = 0; n < first->nTiles; n++)
      for (int j = 0; j < 2; j++)
        gatherRight(right[n][j], i, b[4 * n + 2 * j], b[4 * n + 2 * j + 1]);
  }
  for (int m = 0; m < first->mTiles; m++) {
    for (int i = 0; i < 32; i++) {
      const uint32_t* a = ((const Batch*)brought[i])->a + 8 * m;
      for (int j = 0; j < 2; j++)
        gatherLeft(left[j], i, a[2 * j], a[4 + 2 * j], a[2 * j + 1], a[5 + 2 * j]);
    }
    for (int n = 0; n < first->nTiles; n++) {
      float* c[32];
      for (int i = 0; i < 32; i++)
        c[i] = ((const Batch*)brought[i])->c + 4 * (m * first->nTiles + n);
      multiplyGathered<2>(c, left, right[n]);
    }
  }
}

void lastTransposes(const uint64_t* brought) {
  struct Row {
    uint32_t* out;
    const uint16_t* row;
  };
  for (int i = 0; i < 32; i++) {
    const Row* mine = (const Row*)brought[i];
    for (int matrix = 0; matrix < 4; matrix++) {
      const Row* low = (const Row*)brought[8 * matrix + 2 * (i % 4)];
      const Row* high = (const Row*)brought[8 * matrix + 2 * (i % 4) + 1];
      mine->out[matrix] = low->row[i / 4] | (uint32_t)high->row[i / 4] << 16;
    }
  }
}

}  // namespace

Fiber* current;
dim3 block, blocks, threads;
char* dynamicShared;
int mutant;

void fail(const char* format, ...) {
  if (!failed) {
    failed = true;
    int n = snprintf(message, sizeof message, "%s, block (%u, %u, %u)", kernel->name, block.x,
                     block.y, block.z);
    if (current) n += snprintf(message + n, sizeof message - (size_t)n, ", thread %d", current->id);
    n += snprintf(message + n, sizeof message - (size_t)n, ": ");
    va_list list;
    va_start(list, format);
    vsnprintf(message + n, sizeof message - (size_t)n, format, list);
    va_end(list);
  }
  void* nowhere;
  simt_switch(&nowhere, scheduler);
  __builtin_trap();
}

void barrier(Site site) {
  Lane* self = lane_;
  if (warp->arrived > 0) fail("a barrier where other lanes of the warp wait for each other");
  self->state = AT_BARRIER;
  self->site = site;
  warp->running--;
  yield();
}

const uint64_t* meet(Site site, uint64_t brought, void (*last)(const uint64_t*)) {
  Warp* w = warp;
  uint64_t* all = w->brought[w->generation & 1];
  all[lane_->lane] = brought;
  if (w->arrived == 0) {
    w->site = site;
  } else if (w->site != site) {
    fail("lanes of a warp meet at different places");
  }
  if (w->running < 32) fail("lanes of a warp meet, but not all");
  if (++w->arrived == 32) {
    if (last) last(all);
    w->arrived = 0;
    w->generation++;
  } else {
    unsigned generation = w->generation;
    while (w->generation == generation) yield();
  }
  return all;
}

static void countWarpBarrier(const uint64_t*) { warp->barriers++; }
void warpBarrier(Site site) { meet(site, 0, countWarpBarrier); }

void copyAsync(void* to, const void* from, bool valid) {
  if ((uintptr_t)to % 16 != 0 || (valid && (uintptr_t)from % 16 != 0))
    fail("an asynchronous copy that is not aligned");
  if (Shadow* s = shadowOf(to)) {
    for (int i = 0; i < 4; i++) {
      noteWrite(s[i]);
      s[i].pending = true;
    }
  } else if (checked) {
    fail("an asynchronous copy to what is not shared memory");
  }
  memset(to, 0xFF, 16);
  lane_->copies.push_back({to, from, valid, lane_->group});
}

void commitAsync() { lane_->group++; }

void waitAsync(int groupsLeft) {
  Lane* self = lane_;
  size_t kept = 0;
  for (const Copy& copy : self->copies) {
    if (copy.group >= self->group - groupsLeft) {
      self->copies[kept++] = copy;
      continue;
    }
    if (copy.valid) {
      memcpy(copy.to, copy.from, 16);
    } else {
      memset(copy.to, 0, 16);
    }
    if (Shadow* s = shadowOf(copy.to)) {
      for (int i = 0; i < 4; i++) {
        s[i].pending = false;
        noteWrite(s[i]);
      }
    }
  }
  self->copies.resize(kept);
}

static void noteAtomic(Shadow& s) {
  if (s.wrote < firstEpoch) fail("an atomic operation on shared memory that nobody wrote");
  if (!(s.writer == ATOMIC && s.wrote == epoch)) checkWriter(s, "an atomic operation");
  if (s.read == epoch && s.reader != current->id)
    fail("an atomic operation on shared memory that another thread reads with no barrier between");
  s.wrote = epoch;
  s.writer = ATOMIC;
  s.wroteWarp = warp->barriers;
}

void atomicAccess(void* at, size_t bytes) { access<noteAtomic>(at, bytes); }

void sharedRead(const void* at, size_t bytes) { access<noteRead>(at, bytes); }

void multiply(float* c, const uint32_t* a, const uint32_t* b, Site site) {
  Product mine{c, a, b};
  meet(site, (uint64_t)&mine, lastMultiplies);
}

void multiplyMany(const void* batch, Site site) { meet(site, (uint64_t)batch, lastMultipliesMany); }

void transpose(uint32_t* out, const void* row, Site site) {
  if ((uintptr_t)row % 16 != 0) fail("a row of a matrix that is not aligned");
  sharedRead(row, 16);
  struct {
    uint32_t* out;
    const void* row;
  } mine{out, row};
  meet(site, (uint64_t)&mine, lastTransposes);
}

namespace {

void allocate() {
  stacks = (char*)mmap(nullptr, THREADS_MAX * STACK, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  dynamicShared =
      (char*)mmap(nullptr, DYNAMIC_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  dynamicShadow = (Shadow*)mmap(nullptr, DYNAMIC_MAX / 4 * sizeof(Shadow), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  staticShadow = (Shadow*)mmap(nullptr, STATIC_MAX / 4 * sizeof(Shadow), PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

void begin() {
  memset(dynamicShared, 0xFF, dynamicBytes);
  if (__start_simt_shared)
    memset(__start_simt_shared, 0xFF, (size_t)(__stop_simt_shared - __start_simt_shared));
  // What a copy of the last block left unfinished is gone with it.
  firstEpoch = ++epoch;
  for (int i = 0; i < lanesInBlock; i++) {
    Lane& l = lanes[i];
    l.id = i;
    l.lane = i % 32;
    l.warp = i / 32;
    l.thread.x = (unsigned)i % threads.x;
    l.thread.y = (unsigned)i / threads.x % threads.y;
    l.thread.z = (unsigned)i / (threads.x * threads.y);
    l.state = RUNS;
    for (const Copy& copy : l.copies)
      if (Shadow* s = shadowOf(copy.to))
        for (int w = 0; w < 4; w++) s[w].pending = false;
    l.copies.clear();
    l.group = 0;
    uint64_t* top = (uint64_t*)(stacks + (size_t)(i + 1) * STACK);
    *--top = 0;
    *--top = (uint64_t)(void (*)())run;
    for (int r = 0; r < 6; r++) *--top = 0;
    l.stack = top;
  }
  for (int w = 0; w < lanesInBlock / 32; w++) {
    warps[w].generation = 0;
    warps[w].barriers = 0;
    warps[w].arrived = 0;
    warps[w].running = 32;
  }
}

// Runs each warp until all of its lanes are at a barrier or have ended.
void runBlock() {
  begin();
  int count = lanesInBlock / 32;
  for (bool done = false; !done;) {
    // The warps' order changes from barrier to barrier: no kernel may depend on it.
    order = order * 6364136223846793005u + 1442695040888963407u;
    int from = (int)(order >> 33) % count;
    for (int i = 0; i < count; i++) {
      warp = &warps[order >> 63 ? (from + i) % count : (from + count - i) % count];
      if (warp->running == 0) continue;
      lane_ = &lanes[32 * (warp - warps)];
      while (lane_->state != RUNS) lane_++;
      current = lane_;
      simt_switch(&scheduler, lane_->stack);
      if (failed) return;
      if (warp->running > 0 || warp->arrived > 0) fail("lanes of a warp wait for ever");
    }
    done = true;
    Site site = {};
    int ended = 0;
    for (int i = 0; i < lanesInBlock; i++) {
      Lane& l = lanes[i];
      if (l.state == DONE) {
        ended++;
        continue;
      }
      if (site.file && l.site != site) {
        current = &l;
        snprintf(message, sizeof message, "%s: threads of a block wait at different barriers",
                 kernel->name);
        failed = true;
        return;
      }
      site = l.site;
      l.state = RUNS;
      done = false;
    }
    if (!done && ended > 0) {
      snprintf(message, sizeof message, "%s: threads of a block ended before a barrier of others",
               kernel->name);
      failed = true;
      return;
    }
    epoch++;
    for (int w = 0; w < count; w++) warps[w].running = done ? 0 : 32;
  }
}

}  // namespace
}  // namespace simt

using namespace simt;

extern "C" {

const void* simt_kernel(const char* name) { return find(name); }

const char* simt_error() { return message; }

void simt_mutant(int number) { mutant = number; }

int simt_launch(const void* handle, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                unsigned blockY, unsigned blockZ, unsigned sharedBytes, void** params) {
  if (!stacks) allocate();
  kernel = (const Entry*)handle;
  parameters = params;
  threads = {blockX, blockY, blockZ};
  blocks = {gridX, gridY, gridZ};
  lanesInBlock = (int)(blockX * blockY * blockZ);
  dynamicBytes = sharedBytes;
  message[0] = 0;
  failed = false;
  if (lanesInBlock < 32 || lanesInBlock > THREADS_MAX || lanesInBlock % 32 != 0 ||
      sharedBytes > DYNAMIC_MAX || gridX == 0 || gridY == 0 || gridZ == 0 || gridY > 65535 ||
      gridZ > 65535) {
    snprintf(message, sizeof message, "%s: a launch of a shape that no device takes", kernel->name);
    return 1;
  }
  for (block.z = 0; block.z < gridZ; block.z++)
    for (block.y = 0; block.y < gridY; block.y++)
      for (block.x = 0; block.x < gridX; block.x++) {
        runBlock();
        current = nullptr;
        if (failed) return 2;
      }
  return 0;
}

// The calls that -fsanitize=thread puts before accesses.
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
#define CHECKED(bytes)                           \
  void __tsan_read##bytes(void* at) {            \
    if (current) access<noteRead>(at, bytes);    \
  }                                              \
  void __tsan_write##bytes(void* at) {           \
    if (current) access<noteWrite>(at, bytes);   \
  }                                              \
  void __tsan_unaligned_read##bytes(void* at) {  \
    if (current) access<noteRead>(at, bytes);    \
  }                                              \
  void __tsan_unaligned_write##bytes(void* at) { \
    if (current) access<noteWrite>(at, bytes);   \
  }
CHECKED(1)
CHECKED(2)
CHECKED(4)
CHECKED(8)
CHECKED(16)
void __tsan_read_range(void* at, size_t bytes) {
  if (current) access<noteRead>(at, bytes);
}
void __tsan_write_range(void* at, size_t bytes) {
  if (current) access<noteWrite>(at, bytes);
}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
}
