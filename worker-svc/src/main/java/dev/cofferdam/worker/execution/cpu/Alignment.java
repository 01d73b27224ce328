package dev.cofferdam.worker.execution.cpu;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;

/**
 * Where vectors should begin in large arrays. An array of more than half a G1 region begins with a
 * region, and its elements behind its header: without a gap, each vector of 64 bytes would lie in
 * two cache lines.
 */
final class Alignment {
  private static final int LINE_BYTES = 64;

  /** Elements of four bytes to leave out at the beginning of an array. */
  static final int PAD = (LINE_BYTES - headerBytes()) / Float.BYTES;

  private Alignment() {}

  private static int headerBytes() {
    try {
      String compact =
          ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
              .getVMOption("UseCompactObjectHeaders")
              .getValue();
      return Boolean.parseBoolean(compact) ? 12 : 16;
    } catch (IllegalArgumentException e) {
      return 16;
    }
  }
}
