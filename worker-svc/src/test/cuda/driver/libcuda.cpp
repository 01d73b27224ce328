// A CUDA driver without a device: memory is the host's, kernels run on the CPU through the shim, and every call can
// be made to fail. It knows the calls that the executor makes, holds them against what the driver's manual
// asks for, and counts what was made and not given back. Every copy is checked
// against the allocation that it is in.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "../simt/registry.h"
#define KERNEL extern "C" void
#include "../../../main/cuda/kernels.h"
#undef KERNEL

namespace {

enum {
  SUCCESS = 0,
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  NOT_INITIALIZED = 3,
  NO_DEVICE = 100,
  INVALID_DEVICE = 101,
  INVALID_IMAGE = 200,
  INVALID_CONTEXT = 201,
  INVALID_HANDLE = 400,
  NOT_FOUND = 500,
  ILLEGAL_ADDRESS = 700,
  LAUNCH_FAILED = 719,
  NOT_PERMITTED = 800,
};

const size_t PARAMETERS = 48;  // the host's arguments have room for so many, 8 bytes each
const size_t GUARD = 256;
const unsigned char POISON = 0xA5;
const size_t MEMORY = (size_t)4 << 30;

struct Operation {
  enum Kind { LAUNCH, COPY_IN, COPY_OUT, FILL } kind;
  const void* kernel;
  unsigned grid[3], block[3], shared;
  std::vector<uint64_t> parameters;
  uint64_t device;
  void* host;
  size_t bytes;
  unsigned char value;
};

struct Stream {
  bool capturing = false;
  std::vector<Operation> taken;
};

struct Graph {
  std::vector<Operation> operations;
};

struct Driver {
  std::recursive_mutex mutex;
  bool initialised = false;
  int retained = 0;
  int devices = 1;
  size_t used = 0;
  std::map<uint64_t, size_t> memory;
  std::set<void*> pinned;
  std::set<void*> modules;
  std::set<Stream*> streams;
  std::set<Graph*> graphs;
  std::set<Graph*> executables;
  std::set<void*> events;
  long calls = 0;
  long failAt = 0;
  int failWith = 0;
  std::string failed;
  std::string misuse;
};

Driver& driver() {
  static Driver* d = new Driver;
  return *d;
}

thread_local bool current = false;

// Whether this call is the one that is to fail.
bool fails(const char* name) {
  Driver& d = driver();
  if (++d.calls != d.failAt) return false;
  d.failed = name;
  return true;
}

int misuse(const std::string& what, int code) {
  if (driver().misuse.empty()) driver().misuse = what;
  return code;
}

bool within(uint64_t at, size_t bytes) {
  auto after = driver().memory.upper_bound(at);
  if (after == driver().memory.begin()) return false;
  auto found = std::prev(after);
  return at - found->first <= found->second && bytes <= found->second - (at - found->first);
}

int run(Operation& o) {
  switch (o.kind) {
    case Operation::LAUNCH: {
      std::vector<void*> pointers;
      for (uint64_t& p : o.parameters) pointers.push_back(&p);
      int code = simt_launch(o.kernel, o.grid[0], o.grid[1], o.grid[2], o.block[0], o.block[1], o.block[2], o.shared,
                             pointers.data());
      if (code != 0) return misuse(simt_error(), code == 1 ? INVALID_VALUE : LAUNCH_FAILED);
      return SUCCESS;
    }
    case Operation::COPY_IN:
      memcpy((void*)o.device, o.host, o.bytes);
      return SUCCESS;
    case Operation::COPY_OUT:
      memcpy(o.host, (void*)o.device, o.bytes);
      return SUCCESS;
    case Operation::FILL:
      memset((void*)o.device, o.value, o.bytes);
      return SUCCESS;
  }
  return INVALID_VALUE;
}

int submit(Stream* s, Operation o) {
  if (!current) return misuse("a call without a context", INVALID_CONTEXT);
  if (!driver().streams.count(s)) return misuse("a stream that is none", INVALID_HANDLE);
  if (o.kind != Operation::LAUNCH && !within(o.device, o.bytes))
    return misuse("a copy that is not within an allocation", INVALID_VALUE);
  if (s->capturing) {
    s->taken.push_back(std::move(o));
    return SUCCESS;
  }
  return run(o);
}

}  // namespace

#define CALL(name)                                         \
  std::lock_guard<std::recursive_mutex> lock(driver().mutex); \
  if (fails(name)) return driver().failWith;               \
  if (!driver().initialised) return misuse(name " before cuInit", NOT_INITIALIZED)

#define IN_CONTEXT(name) \
  CALL(name);            \
  if (!current) return misuse(name " without a context", INVALID_CONTEXT)

extern "C" {

// ---------------------------------------------------------------- for tests

// Makes the n-th call from now on fail with an error; 0: none.
void fake_fail(long n, int code) {
  driver().calls = 0;
  driver().failAt = n;
  driver().failWith = code;
  driver().failed.clear();
}

long fake_calls() { return driver().calls; }

// Name of the call that was made to fail.
const char* fake_failed() { return driver().failed.c_str(); }

// What was done against the driver's rules, or what a kernel did wrong; empty: nothing.
const char* fake_misuse() { return driver().misuse.c_str(); }

void fake_devices(int count) { driver().devices = count; }

// Things that were made and not given back.
long fake_live() {
  Driver& d = driver();
  return (long)(d.retained + d.memory.size() + d.pinned.size() + d.modules.size() + d.streams.size() + d.graphs.size() +
                d.executables.size() + d.events.size());
}

// Forgets all of them, and all that was done wrong.
void fake_reset() {
  Driver& d = driver();
  fake_fail(0, 0);
  d.misuse.clear();
  d.initialised = false;
  d.devices = 1;
  d.retained = 0;
  d.used = 0;
  d.memory.clear();
  d.pinned.clear();
  d.modules.clear();
  d.streams.clear();
  d.graphs.clear();
  d.executables.clear();
  d.events.clear();
}

// Shapes as the kernels' header has them.
int fake_product_split(int outputs, int inputs) { return productSplit(outputs, inputs); }
int fake_product_shared(int n) { return productShared(n); }
int fake_product_shared8(int n) { return productShared8(n); }
int fake_product_pitch8(int inputs) { return productPitch8(inputs); }
int fake_attend_shared8(int large, int dimension) { return attendShared8(large, dimension); }
int fake_attend_rows(int large, int heads, int kvHeads, int headDimension) {
  return attendRows(large, heads, kvHeads, headDimension);
}
int fake_attend_shared(int large, int dimension) { return attendShared(large, dimension); }
int fake_seal_part(int layerBytes) { return sealPart(layerBytes); }
int64_t fake_sample_scratch(int vocabulary) { return sampleScratch(vocabulary); }

// ---------------------------------------------------------------- the driver

int cuInit(unsigned flags) {
  std::lock_guard<std::recursive_mutex> lock(driver().mutex);
  if (fails("cuInit")) return driver().failWith;
  if (flags != 0) return INVALID_VALUE;
  if (driver().devices == 0) return NO_DEVICE;
  driver().initialised = true;
  return SUCCESS;
}

int cuGetErrorName(int code, const char** name) {
  switch (code) {
    case INVALID_VALUE: *name = "CUDA_ERROR_INVALID_VALUE"; return SUCCESS;
    case OUT_OF_MEMORY: *name = "CUDA_ERROR_OUT_OF_MEMORY"; return SUCCESS;
    case NOT_FOUND: *name = "CUDA_ERROR_NOT_FOUND"; return SUCCESS;
    case ILLEGAL_ADDRESS: *name = "CUDA_ERROR_ILLEGAL_ADDRESS"; return SUCCESS;
    case LAUNCH_FAILED: *name = "CUDA_ERROR_LAUNCH_FAILED"; return SUCCESS;
    default: return INVALID_VALUE;
  }
}

int cuDeviceGetCount(int* count) {
  CALL("cuDeviceGetCount");
  *count = driver().devices;
  return SUCCESS;
}

int cuDeviceGet(int* device, int ordinal) {
  CALL("cuDeviceGet");
  if (ordinal < 0 || ordinal >= driver().devices) return INVALID_DEVICE;
  *device = ordinal;
  return SUCCESS;
}

int cuDeviceGetName(char* name, int length, int) {
  CALL("cuDeviceGetName");
  snprintf(name, length, "no device, but the CPU");
  return SUCCESS;
}

int cuDeviceTotalMem_v2(size_t* bytes, int) {
  CALL("cuDeviceTotalMem");
  *bytes = MEMORY;
  return SUCCESS;
}

int cuDeviceGetAttribute(int* value, int attribute, int) {
  CALL("cuDeviceGetAttribute");
  switch (attribute) {
    case 75: *value = 8; return SUCCESS;        // compute capability, major
    case 76: *value = 0; return SUCCESS;        // minor
    case 16: *value = 8; return SUCCESS;        // multiprocessors
    case 97: *value = 166912; return SUCCESS;   // shared memory of a block, opt in
    default: return misuse("an attribute that the double does not know", INVALID_VALUE);
  }
}

int cuDevicePrimaryCtxRetain(void** context, int) {
  CALL("cuDevicePrimaryCtxRetain");
  driver().retained++;
  *context = &driver();
  return SUCCESS;
}

int cuDevicePrimaryCtxRelease_v2(int) {
  CALL("cuDevicePrimaryCtxRelease");
  if (driver().retained == 0) return misuse("a context that is released twice", INVALID_CONTEXT);
  driver().retained--;
  return SUCCESS;
}

int cuCtxSetCurrent(void* context) {
  CALL("cuCtxSetCurrent");
  if (context != &driver()) return INVALID_CONTEXT;
  current = true;
  return SUCCESS;
}

int cuMemGetInfo_v2(size_t* free, size_t* total) {
  IN_CONTEXT("cuMemGetInfo");
  *free = MEMORY - driver().used;
  *total = MEMORY;
  return SUCCESS;
}

int cuMemAlloc_v2(uint64_t* address, size_t bytes) {
  IN_CONTEXT("cuMemAlloc");
  if (bytes == 0) return misuse("an allocation of nothing", INVALID_VALUE);
  if (bytes > MEMORY - driver().used) return OUT_OF_MEMORY;
  char* memory = (char*)aligned_alloc(256, (bytes + 255) / 256 * 256 + 2 * GUARD);
  memset(memory, POISON, (bytes + 255) / 256 * 256 + 2 * GUARD);
  *address = (uint64_t)(memory + GUARD);
  driver().memory[*address] = bytes;
  driver().used += bytes;
  return SUCCESS;
}

int cuMemFree_v2(uint64_t address) {
  IN_CONTEXT("cuMemFree");
  auto found = driver().memory.find(address);
  if (found == driver().memory.end()) return misuse("memory that is freed twice", INVALID_VALUE);
  for (size_t i = 0; i < GUARD; i++)
    if (((unsigned char*)address)[found->second + i] != POISON || ((unsigned char*)address)[-1 - (long)i] != POISON)
      misuse("something was written beside an allocation", INVALID_VALUE);
  driver().used -= found->second;
  driver().memory.erase(found);
  free((char*)address - GUARD);
  return SUCCESS;
}

int cuMemHostAlloc(void** memory, size_t bytes, unsigned) {
  IN_CONTEXT("cuMemHostAlloc");
  *memory = malloc(bytes);
  memset(*memory, POISON, bytes);
  driver().pinned.insert(*memory);
  return SUCCESS;
}

int cuMemFreeHost(void* memory) {
  IN_CONTEXT("cuMemFreeHost");
  if (!driver().pinned.erase(memory)) return misuse("pinned memory that is freed twice", INVALID_VALUE);
  free(memory);
  return SUCCESS;
}

int cuModuleLoadData(void** module, const void* image) {
  IN_CONTEXT("cuModuleLoadData");
  if (*(const uint32_t*)image != 0xBA55ED50) return INVALID_IMAGE;  // the magic number of a fat binary
  *module = malloc(1);
  driver().modules.insert(*module);
  return SUCCESS;
}

int cuModuleUnload(void* module) {
  IN_CONTEXT("cuModuleUnload");
  if (!driver().modules.erase(module)) return misuse("a module that is unloaded twice", INVALID_HANDLE);
  free(module);
  return SUCCESS;
}

int cuModuleGetFunction(const void** function, void* module, const char* name) {
  IN_CONTEXT("cuModuleGetFunction");
  if (!driver().modules.count(module)) return misuse("a module that is none", INVALID_HANDLE);
  *function = simt_kernel(name);
  return *function ? SUCCESS : NOT_FOUND;
}

int cuFuncSetAttribute(const void*, int, int) {
  IN_CONTEXT("cuFuncSetAttribute");
  return SUCCESS;
}

int cuStreamCreate(Stream** stream, unsigned) {
  IN_CONTEXT("cuStreamCreate");
  *stream = new Stream;
  driver().streams.insert(*stream);
  return SUCCESS;
}

int cuStreamDestroy_v2(Stream* stream) {
  IN_CONTEXT("cuStreamDestroy");
  if (!driver().streams.erase(stream)) return misuse("a stream that is destroyed twice", INVALID_HANDLE);
  delete stream;
  return SUCCESS;
}

int cuStreamSynchronize(Stream* stream) {
  IN_CONTEXT("cuStreamSynchronize");
  if (!driver().streams.count(stream)) return misuse("a stream that is none", INVALID_HANDLE);
  if (stream->capturing) return misuse("a wait while work is taken down", NOT_PERMITTED);
  return SUCCESS;
}

int cuLaunchKernel(const void* kernel, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY,
                   unsigned blockZ, unsigned shared, Stream* stream, void** parameters, void**) {
  IN_CONTEXT("cuLaunchKernel");
  Operation o = {};
  o.kind = Operation::LAUNCH;
  o.kernel = kernel;
  o.grid[0] = gridX, o.grid[1] = gridY, o.grid[2] = gridZ;
  o.block[0] = blockX, o.block[1] = blockY, o.block[2] = blockZ;
  o.shared = shared;
  for (size_t i = 0; i < PARAMETERS; i++) o.parameters.push_back(*(uint64_t*)parameters[i]);
  return submit(stream, std::move(o));
}

int cuMemcpyHtoDAsync_v2(uint64_t to, void* from, size_t bytes, Stream* stream) {
  IN_CONTEXT("cuMemcpyHtoDAsync");
  Operation o = {};
  o.kind = Operation::COPY_IN;
  o.device = to, o.host = from, o.bytes = bytes;
  return submit(stream, std::move(o));
}

int cuMemcpyDtoHAsync_v2(void* to, uint64_t from, size_t bytes, Stream* stream) {
  IN_CONTEXT("cuMemcpyDtoHAsync");
  Operation o = {};
  o.kind = Operation::COPY_OUT;
  o.device = from, o.host = to, o.bytes = bytes;
  return submit(stream, std::move(o));
}

int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, Stream* stream) {
  IN_CONTEXT("cuMemcpyDtoDAsync");
  if (!within(from, bytes)) return misuse("a copy that is not within an allocation", INVALID_VALUE);
  Operation o = {};
  o.kind = Operation::COPY_IN;
  o.device = to, o.host = (void*)from, o.bytes = bytes;
  return submit(stream, std::move(o));
}

int cuMemsetD8Async(uint64_t at, unsigned char value, size_t bytes, Stream* stream) {
  IN_CONTEXT("cuMemsetD8Async");
  Operation o = {};
  o.kind = Operation::FILL;
  o.device = at, o.bytes = bytes, o.value = value;
  return submit(stream, std::move(o));
}

int cuStreamBeginCapture_v2(Stream* stream, int) {
  IN_CONTEXT("cuStreamBeginCapture");
  if (stream->capturing) return misuse("work that is taken down twice", NOT_PERMITTED);
  stream->capturing = true;
  stream->taken.clear();
  return SUCCESS;
}

int cuStreamEndCapture(Stream* stream, Graph** graph) {
  bool begun = stream->capturing;
  stream->capturing = false;  // also where it fails
  IN_CONTEXT("cuStreamEndCapture");
  if (!begun) return misuse("an end of what was not begun", INVALID_VALUE);
  *graph = new Graph{std::move(stream->taken)};
  driver().graphs.insert(*graph);
  return SUCCESS;
}

int cuGraphInstantiateWithFlags(Graph** executable, Graph* graph, unsigned long long) {
  IN_CONTEXT("cuGraphInstantiate");
  if (!driver().graphs.count(graph)) return misuse("a graph that is none", INVALID_HANDLE);
  *executable = new Graph(*graph);
  driver().executables.insert(*executable);
  return SUCCESS;
}

int cuGraphDestroy(Graph* graph) {
  IN_CONTEXT("cuGraphDestroy");
  if (!driver().graphs.erase(graph)) return misuse("a graph that is destroyed twice", INVALID_HANDLE);
  delete graph;
  return SUCCESS;
}

int cuGraphLaunch(Graph* executable, Stream* stream) {
  IN_CONTEXT("cuGraphLaunch");
  if (!driver().executables.count(executable)) return misuse("a graph that is none", INVALID_HANDLE);
  if (!driver().streams.count(stream)) return misuse("a stream that is none", INVALID_HANDLE);
  for (Operation& o : executable->operations) {
    int code = run(o);
    if (code != SUCCESS) return code;
  }
  return SUCCESS;
}

int cuGraphExecDestroy(Graph* executable) {
  IN_CONTEXT("cuGraphExecDestroy");
  if (!driver().executables.erase(executable)) return misuse("a graph that is destroyed twice", INVALID_HANDLE);
  delete executable;
  return SUCCESS;
}

int cuEventCreate(void** event, unsigned) {
  IN_CONTEXT("cuEventCreate");
  *event = malloc(1);
  driver().events.insert(*event);
  return SUCCESS;
}

int cuEventRecord(void* event, Stream*) {
  IN_CONTEXT("cuEventRecord");
  return driver().events.count(event) ? SUCCESS : INVALID_HANDLE;
}

int cuEventSynchronize(void* event) {
  IN_CONTEXT("cuEventSynchronize");
  return driver().events.count(event) ? SUCCESS : INVALID_HANDLE;
}

int cuEventElapsedTime(float* milliseconds, void*, void*) {
  IN_CONTEXT("cuEventElapsedTime");
  *milliseconds = 1;
  return SUCCESS;
}

int cuEventDestroy_v2(void* event) {
  IN_CONTEXT("cuEventDestroy");
  if (!driver().events.erase(event)) return misuse("an event that is destroyed twice", INVALID_HANDLE);
  free(event);
  return SUCCESS;
}
}
