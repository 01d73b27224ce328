package dev.cofferdam.audit.report;

import dev.cofferdam.audit.retention.Erasure;
import dev.cofferdam.mesh.store.View;
import java.util.List;
import java.util.Map;

/** What reports are made of, confined to a view. */
public interface LogFacts {
  /** Records of a period by operation, the gravest severity of each beside their number. */
  List<Count> counts(View view, long fromMs, long toMs);

  /** Data keys by state: "in use", "retired", "destroyed". */
  Map<String, Long> keys(View view);

  /** The newest erasures, newest first. */
  List<Erasure> erasures(View view, int rowsMax);

  /**
   * Records of one operation and severity.
   *
   * @param operation what was done
   * @param severity 1 information, 2 warning, 3 critical
   * @param records how many
   */
  record Count(String operation, int severity, long records) {}
}
