package dev.cofferdam.worker.execution.cuda.driver;

import static dev.cofferdam.worker.execution.cuda.driver.DriverCalls.check;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.JCudaDriver;

/** The way into the CUDA driver. */
public final class Cuda {
  private static final int NO_DEVICE = 100;
  private static final int NAME_BYTES_MAX = 256;

  private Cuda() {}

  /**
   * The devices that this process may use, those that {@code CUDA_VISIBLE_DEVICES} names.
   *
   * @throws CudaUnavailableException when there is none, or no driver
   * @throws CudaException when the driver fails
   */
  public static List<Device> devices() {
    load();
    int code = JCudaDriver.cuInit(0);
    if (code == NO_DEVICE) {
      throw new CudaUnavailableException(
          "the CUDA driver sees no device (look at nvidia-smi, and at CUDA_VISIBLE_DEVICES)");
    }
    check("cuInit", code);
    int[] count = new int[1];
    check("cuDeviceGetCount", JCudaDriver.cuDeviceGetCount(count));
    if (count[0] == 0) {
      throw new CudaUnavailableException("CUDA_VISIBLE_DEVICES leaves no device");
    }
    List<Device> devices = new ArrayList<>();
    for (int ordinal = 0; ordinal < count[0]; ordinal++) {
      devices.add(device(ordinal));
    }
    return devices;
  }

  private static void load() {
    try {
      SymbolLookup.libraryLookup(DriverCalls.LIBRARY, Arena.global());
    } catch (IllegalArgumentException e) {
      throw new CudaUnavailableException(
          DriverCalls.LIBRARY + " is not on this machine: install NVIDIA's driver", e);
    }
    JCudaLibrary.load();
  }

  private static Device device(int ordinal) {
    CUdevice device = handle(ordinal);
    byte[] name = new byte[NAME_BYTES_MAX];
    check("cuDeviceGetName", JCudaDriver.cuDeviceGetName(name, name.length, device));
    int length = 0;
    while (length < name.length && name[length] != 0) {
      length++;
    }
    long[] bytes = new long[1];
    check("cuDeviceTotalMem", JCudaDriver.cuDeviceTotalMem(bytes, device));
    return new Device(
        ordinal,
        new String(name, 0, length, StandardCharsets.UTF_8),
        attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
        attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
        attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
        bytes[0],
        attribute(
            device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN));
  }

  static CUdevice handle(int ordinal) {
    CUdevice device = new CUdevice();
    check("cuDeviceGet", JCudaDriver.cuDeviceGet(device, ordinal));
    return device;
  }

  private static int attribute(CUdevice device, int attribute) {
    int[] value = new int[1];
    check("cuDeviceGetAttribute", JCudaDriver.cuDeviceGetAttribute(value, attribute, device));
    return value[0];
  }
}
