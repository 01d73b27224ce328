// Where the tests' kernels run: on the CPU through the shim, or on a device through NVIDIA's
// driver.
#include "device.h"

#include <dlfcn.h>
#include <sys/mman.h>

#include "simt/registry.h"

namespace {

void* driver;  // libcuda.so.1 once a device is used
void* module;
void* stream;

template <class... A>
void call(const char* name, A... arguments) {
  auto function = (int (*)(A...))dlsym(driver, name);
  if (!function) failTest("the driver has no %s", name);
  int status = function(arguments...);
  if (status != 0) failTest("%s: error %d of the driver", name, status);
}

}  // namespace

void useDevice(const char* fatBinary) {
  driver = dlopen("libcuda.so.1", RTLD_NOW);
  if (!driver) failTest("no libcuda.so.1");
  FILE* file = fopen(fatBinary, "rb");
  if (!file) failTest("%s cannot be read", fatBinary);
  std::vector<char> binary;
  for (int c; (c = fgetc(file)) != EOF;) binary.push_back((char)c);
  fclose(file);
  int device;
  void* context;
  call("cuInit", 0u);
  call("cuDeviceGet", &device, 0);
  call("cuDevicePrimaryCtxRetain", &context, device);
  call("cuCtxSetCurrent", context);
  call("cuModuleLoadData", &module, (const void*)binary.data());
  call("cuStreamCreate", &stream, 0u);
}

char* allocatePages(size_t pages) {
  char* base;
  if (driver) {
    call("cuMemHostAlloc", (void**)&base, pages + 2 * PAGE, 3u);  // for all contexts, mapped
  } else {
    base = (char*)mmap(nullptr, pages + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(base + PAGE, pages, PROT_READ | PROT_WRITE);
  }
  return base + PAGE;
}

void freePages(char* at, size_t pages) {
  if (driver) {
    call("cuMemFreeHost", (void*)(at - PAGE));
  } else {
    munmap(at - PAGE, pages + 2 * PAGE);
  }
}

void launchKernel(const char* name, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned block,
                  unsigned shared, void** params) {
  if (!driver) {
    const void* kernel = simt_kernel(name);
    if (!kernel) failTest("no kernel %s", name);
    if (simt_launch(kernel, gridX, gridY, gridZ, block, 1, 1, shared, params) != 0)
      failTest("%s", simt_error());
    return;
  }
  void* function;
  call("cuModuleGetFunction", &function, module, name);
  if (shared > 48 << 10)
    call("cuFuncSetAttribute", function, 8, (int)shared);  // the most dynamic shared memory
  call("cuLaunchKernel", function, gridX, gridY, gridZ, block, 1u, 1u, shared, stream, params,
       (void**)nullptr);
  call("cuStreamSynchronize", stream);
}
