package dev.cofferdam.worker.serving;

import dev.cofferdam.worker.lease.Lease;
import dev.cofferdam.worker.usage.AttemptRecord;
import java.util.List;
import java.util.Optional;

/** Told of what happens to requests, for metrics and the audit log. */
public interface ServingListener {

  /** An attempt ended and was recorded. */
  void ended(AttemptRecord attempt);

  /**
   * A grant was not honoured. Called while the call is being served.
   *
   * @param reason stable word
   * @param lease what it says, where its signature holds
   */
  void grantRefused(String reason, Optional<Lease> lease);

  /** A listener that tells others, in order. */
  static ServingListener all(List<ServingListener> listeners) {
    return new ServingListener() {
      @Override
      public void ended(AttemptRecord attempt) {
        listeners.forEach(listener -> listener.ended(attempt));
      }

      @Override
      public void grantRefused(String reason, Optional<Lease> lease) {
        listeners.forEach(listener -> listener.grantRefused(reason, lease));
      }
    };
  }
}
