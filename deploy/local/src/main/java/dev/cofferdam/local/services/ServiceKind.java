package dev.cofferdam.local.services;

import dev.cofferdam.vocabulary.SpiffeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The six services. */
public enum ServiceKind {
  SCHEDULER(SpiffeId.Role.SCHEDULER),
  ROUTER(SpiffeId.Role.ROUTER),
  WORKER(SpiffeId.Role.WORKER),
  METERING(SpiffeId.Role.METERING),
  AUDIT(SpiffeId.Role.AUDIT),
  GATEWAY(SpiffeId.Role.GATEWAY);

  private final SpiffeId.Role role;

  ServiceKind(SpiffeId.Role role) {
    this.role = role;
  }

  /** Its role in certificates. */
  public SpiffeId.Role role() {
    return role;
  }

  /**
   * Whether it lets others go first on a machine that they share: models' arithmetic, and the
   * readers of facts, leave no processor idle where there is much to do, while what is between a
   * client and its worker takes milliseconds that somebody waits for.
   */
  boolean yields() {
    return switch (this) {
      case WORKER, METERING, AUDIT -> true;
      case GATEWAY, ROUTER, SCHEDULER -> false;
    };
  }

  /** Its module in the checkout. */
  public String module() {
    return label() + "-svc";
  }

  /** Lower-case name. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Two schedulers: the second takes over when the first dies. */
  private static final String STANDBY = "scheduler-2";

  /** Names of the processes of all services: one each but for schedulers and workers. */
  public static List<String> processes(int workers) {
    List<String> names = new ArrayList<>();
    for (ServiceKind kind : values()) {
      if (kind == WORKER) {
        for (int i = 1; i <= workers; i++) {
          names.add("worker-" + i);
        }
      } else {
        names.add(kind.label());
        if (kind == SCHEDULER) {
          names.add(STANDBY);
        }
      }
    }
    return names;
  }

  /** The service of a process. */
  public static ServiceKind ofProcess(String process) {
    return valueOf(process.replaceFirst("-[0-9]+$", "").toUpperCase(Locale.ROOT));
  }
}
