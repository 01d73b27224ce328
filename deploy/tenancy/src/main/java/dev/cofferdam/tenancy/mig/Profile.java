package dev.cofferdam.tenancy.mig;

import java.util.List;

/**
 * A GPU instance profile of a kind of GPU.
 *
 * @param name as {@code nvidia-smi} writes it without "MIG", such as {@code 3g.40gb}
 * @param id the GPU instance profile id that {@code nvidia-smi mig -cgi} takes
 * @param computeSlices of the GPU's 7
 * @param memorySlices of the GPU's 8, which is the size in {@code -lgipp}
 * @param memoryGb as the name says; the driver reports a little less, in GiB
 * @param countMax how many a GPU holds when it holds nothing else
 * @param starts memory slices at which an instance may begin, ascending
 * @param media whether it takes the GPU's media engines, of which there is one set for 1g profiles
 */
public record Profile(
    String name,
    int id,
    int computeSlices,
    int memorySlices,
    int memoryGb,
    int countMax,
    List<Integer> starts,
    boolean media) {
  /** Keeps a copy of the starts. */
  public Profile {
    starts = List.copyOf(starts);
  }

  /** The memory slices of an instance that begins at a start, as bits. */
  int mask(int start) {
    return ((1 << memorySlices) - 1) << start;
  }
}
