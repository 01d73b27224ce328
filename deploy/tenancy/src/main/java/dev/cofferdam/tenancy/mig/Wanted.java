package dev.cofferdam.tenancy.mig;

import dev.cofferdam.vocabulary.TenantId;
import java.util.Locale;

/**
 * Instances of one size that a tenant wants. Each becomes an instance of its own: none is ever
 * shared between tenants, nor between two that the same tenant wants.
 *
 * @param tenant whose they are
 * @param size of each
 * @param count how many, 1 to {@value #COUNT_MAX}
 */
public record Wanted(TenantId tenant, Size size, int count) {
  /** The most instances that one line can ask for. */
  public static final int COUNT_MAX = 448;

  /**
   * @throws IllegalArgumentException where the count is out of bounds
   */
  public Wanted {
    if (count < 1 || count > COUNT_MAX) {
      throw new IllegalArgumentException("count: " + count + " (expected: 1 to " + COUNT_MAX + ")");
    }
  }

  /** How large an instance is. */
  public sealed interface Size {
    /**
     * At least this much.
     *
     * @param memoryGb as the profiles' names count, 1 to 1000
     * @param computeSlices sevenths of a GPU, 1 to 7
     */
    record AtLeast(int memoryGb, int computeSlices) implements Size {
      /**
       * @throws IllegalArgumentException where one is out of bounds
       */
      public AtLeast {
        if (memoryGb < 1 || memoryGb > 1000) {
          throw new IllegalArgumentException("memory: " + memoryGb + " GB (expected: 1 to 1000)");
        }
        if (computeSlices < 1 || computeSlices > GpuKind.COMPUTE_SLICES) {
          throw new IllegalArgumentException(
              "compute: " + computeSlices + " sevenths (expected: 1 to 7)");
        }
      }

      @Override
      public String toString() {
        return memoryGb + " GB and " + computeSlices + "/7 compute";
      }
    }

    /**
     * This profile and no other.
     *
     * @param profile such as {@code 1g.10gb+me}
     */
    record Exactly(String profile) implements Size {
      /** Takes the name in any case. */
      public Exactly {
        profile = profile.toLowerCase(Locale.ROOT);
      }

      @Override
      public String toString() {
        return profile;
      }
    }
  }
}
