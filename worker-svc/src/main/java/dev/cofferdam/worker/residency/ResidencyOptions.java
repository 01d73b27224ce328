package dev.cofferdam.worker.residency;

import java.util.Collection;
import java.util.Set;

/**
 * How much memory models may take, and when they change places.
 *
 * @param bytesMax bytes of all models in memory
 * @param pinned ids of models that stay once they are in memory
 * @param turnNs nanoseconds that a model with work stays before it makes room for one that waits
 * @param retryNs nanoseconds after a failed load in which requests for that model end at once
 */
public record ResidencyOptions(long bytesMax, Set<String> pinned, long turnNs, long retryNs) {
  public ResidencyOptions {
    pinned = Set.copyOf(pinned);
  }

  /**
   * @throws IllegalArgumentException naming the model that has no room beside the pinned ones
   */
  void check(Collection<ServedModel> models) {
    long kept =
        models.stream().filter(m -> pinned.contains(m.id())).mapToLong(ServedModel::bytes).sum();
    for (ServedModel model : models) {
      long needed = kept + (pinned.contains(model.id()) ? 0 : model.bytes());
      if (needed > bytesMax) {
        throw new IllegalArgumentException(
            "cofferdam.worker.models-bytes-max: "
                + bytesMax
                + " (expected: at least "
                + needed
                + ", for "
                + model.id()
                + (kept > 0 ? " beside the pinned models)" : ")"));
      }
    }
  }
}
